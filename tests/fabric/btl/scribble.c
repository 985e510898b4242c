/* An enemy: writes into every part of a region that others use. It stops when it is killed, or when its parent has ended.
 *
 * scribble FILE HOW SEED [PAUSE_US]: HOW is
 *   sweep  every word in turn, one bit each, from a place that the seed gives
 *   words  words anywhere
 *   lines  whole lines of 64 bytes anywhere
 *   head   words anywhere in the tables and in the first rings
 *   copy   lines over others: old records and rings come back */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Values that programs stumble over, and others. */
static uint64_t value(void)
{
    static const uint64_t nasty[] = {0,        1, UINT64_MAX, INT64_MAX, UINT32_MAX, UINT64_C(1) << 63,
                                     0xffffff, 64};
    uint64_t choice = next_random() % 16;
    return choice < sizeof nasty / sizeof *nasty ? nasty[choice] : next_random();
}

static void hit(uint64_t *word, size_t words, const char *how, size_t turn)
{
    size_t line = next_random() % (words / 8) * 8;
    if (strcmp(how, "sweep") == 0)
        word[turn % words] ^= UINT64_C(1) << next_random() % 64;
    else if (strcmp(how, "words") == 0)
        word[next_random() % words] = value();
    else if (strcmp(how, "head") == 0)
        word[next_random() % (words < 65536 ? words : 65536)] = value();
    else if (strcmp(how, "copy") == 0)
        memcpy(word + line, word + next_random() % (words / 8) * 8, 64);
    else
        memset(word + line, (int)next_random(), 64);
}

int main(int argc, char **argv)
{
    struct stat file;
    if (argc < 4)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(argv[1], O_RDWR);
    if (fd < 0 || fstat(fd, &file) != 0)
        return 1;
    uint64_t *word = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (word == MAP_FAILED)
        return 1;
    state = strtoull(argv[3], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    long pause = argc > 4 ? atol(argv[4]) : 0;
    for (size_t turn = next_random() % ((size_t)file.st_size / 8);; turn++) {
        hit(word, (size_t)file.st_size / 8, argv[2], turn);
        if (pause > 0)
            nanosleep(&(struct timespec){pause / 1000000, pause % 1000000 * 1000}, NULL);
    }
}
