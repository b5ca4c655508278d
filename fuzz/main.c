/* SPDX-License-Identifier: MIT
 *
 * Replays inputs without a fuzzing engine: files, and all files of folders. The last one named is the one that failed. */
#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_FOLDERS = 8 /* open at a time */ };

static unsigned long replayed;

/* The copy has no byte to spare, so that a sanitizer sees every read beyond the input. */
static int replay(const char *path, size_t bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(bytes);
    if (file == NULL || (data == NULL && bytes != 0) || fread(data, 1, bytes, file) != bytes) {
        fprintf(stderr, "fuzz: cannot read '%s'; name files and folders that can be read\n", path);
        exit(2);
    }
    fclose(file);
    printf("%s\n", path);
    (void)LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    replayed++;
    return 0;
}

static int visit(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)place;
    return kind == FTW_F ? replay(path, (size_t)about->st_size) : 0;
}

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < count; i++) {
        if (nftw(arguments[i], visit, MOST_FOLDERS, FTW_PHYS) != 0) {
            fprintf(stderr, "fuzz: there is no '%s'; name files and folders of inputs\n", arguments[i]);
            return 2;
        }
    }
    if (replayed == 0) {
        fputs("fuzz: nothing to replay; name files and folders of inputs\n", stderr);
        return 2;
    }
    printf("%lu inputs replayed\n", replayed);
    return 0;
}
