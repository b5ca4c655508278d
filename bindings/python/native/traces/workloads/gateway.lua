-- SPDX-License-Identifier: MIT
-- What a sensor gateway's script does: takes JSON reports in, keeps the last of each sensor, forms summaries, and
-- sends JSON out. Reports live for a moment, sensors for hours, names for ever. The same run each time.

-- Memory is short on a device: collect as soon as a tenth more is in use.
collectgarbage("setpause", 110)

local state = 12345
local function random(low, high)
    state = (state * 1103515245 + 12345) % 2147483648
    return low + (state >> 8) % (high - low + 1)
end

------------------------------------------------------------------------------------------------------------------ JSON

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }

local encode
local function encode_object(value)
    local parts = {}
    for _, name in ipairs(value.__names) do
        parts[#parts + 1] = encode(name) .. ":" .. encode(value[name])
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_array(value)
    local parts = {}
    for i, element in ipairs(value) do
        parts[i] = encode(element)
    end
    return "[" .. table.concat(parts, ",") .. "]"
end

-- Objects know the order of their names, so that the text does not depend on where strings lie in memory.
function encode(value)
    if type(value) == "string" then
        return '"' .. value:gsub('["\\\n\t]', escapes) .. '"'
    elseif type(value) == "table" then
        return value.__names and encode_object(value) or encode_array(value)
    end
    return tostring(value)
end

local decode_value
local function decode_string(text, at)
    local parts = {}
    while true do
        local stop = text:find('["\\]', at)
        parts[#parts + 1] = text:sub(at, stop - 1)
        if text:sub(stop, stop) == '"' then
            return table.concat(parts), stop + 1
        end
        local escaped = text:sub(stop + 1, stop + 1)
        parts[#parts + 1] = ({ n = "\n", t = "\t" })[escaped] or escaped
        at = stop + 2
    end
end

local function decode_object(text, at)
    local object = { __names = {} }
    while text:sub(at, at) ~= "}" do
        local name, value
        name, at = decode_string(text, text:find('"', at, true) + 1)
        value, at = decode_value(text, at + 1)
        object[name] = value
        object.__names[#object.__names + 1] = name
    end
    return object, at + 1
end

local function decode_array(text, at)
    local array = {}
    while text:sub(at, at) ~= "]" do
        array[#array + 1], at = decode_value(text, at)
        at = text:sub(at, at) == "," and at + 1 or at
    end
    return array, at + 1
end

function decode_value(text, at)
    local first = text:sub(at, at)
    if first == '"' then
        return decode_string(text, at + 1)
    elseif first == "{" then
        return decode_object(text, at + 1)
    elseif first == "[" then
        return decode_array(text, at + 1)
    end
    local number = text:match("^-?[%d.]+", at)
    return tonumber(number), at + #number
end

--------------------------------------------------------------------------------------------------------------- gateway

local places = { "cellar", "kitchen", "attic", "north meadow", "workshop \"B\"", "greenhouse", "pump house", "yard" }
local kinds = { "temperature", "humidity", "pressure", "soil moisture", "battery" }
local sensors, order = {}, {}
local reported = 0

-- What a sensor sends.
local function report(number)
    local samples = {}
    for i = 1, random(1, 12) do
        samples[i] = random(-400, 9000) / 10
    end
    return encode {
        __names = { "id", "place", "kind", "samples", "note" },
        id = string.format("sensor-%04d", number),
        place = places[number % #places + 1],
        kind = kinds[number % #kinds + 1],
        samples = samples,
        note = random(1, 20) == 1 and ("low battery\tsince " .. random(1, 90) .. " days"):rep(random(1, 4)) or "",
    }
end

-- Keeps the latest reports of at most 24 sensors; the one not heard of for longest makes way.
local function remember(message)
    local sensor = sensors[message.id]
    if not sensor then
        sensor = { history = {}, last = message }
        sensors[message.id] = sensor
        order[#order + 1] = message.id
        if #order > 24 then
            sensors[table.remove(order, 1)] = nil
        end
    end
    sensor.last = message
    local sum = 0
    for _, sample in ipairs(message.samples) do
        sum = sum + sample
    end
    sensor.history[#sensor.history + 1] = sum / #message.samples
    if #sensor.history > 12 then
        table.remove(sensor.history, 1)
    end
end

local function summary()
    local lines = { "summary" }
    for _, id in ipairs(order) do
        local sensor = sensors[id]
        lines[#lines + 1] = string.format("%s %-14s %s", id, sensor.last.place:upper(), encode(sensor.history))
    end
    return table.concat(lines, "\n")
end

local sent = 0
for round = 1, 1600 do
    local message = decode_value(report(random(1, 20) + round // 25), 1)
    remember(message)
    reported = reported + 1
    sent = sent + #encode(message)
    if round % 100 == 0 then
        sent = sent + #summary()
    end
end
print(reported, sent)
