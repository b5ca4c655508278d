# SPDX-License-Identifier: MIT
# What a gateway keeps of its stations' reports: the last four of each and the last alarms; now and then it tells.
foreach inputs as $report (
    {latest: {}, alarms: []};
    .latest[$report.station] = ((.latest[$report.station] // []) + [$report | del(.position)])[-4:]
    | .alarms = (.alarms + [
        $report.readings[] | select(.value > 35) | "\($report.station) \(.kind): \(.value) \(.unit)"
    ])[-60:];
    if $report.sequence % 50 == 49
    then {
        stations: (.latest | length),
        warmest: ([.latest[][].readings[] | select(.unit == "C")] | max_by(.value)),
        mean: ([.latest[][].readings[].value] | add / length),
        alarms: .alarms
    }
    else empty
    end
)
