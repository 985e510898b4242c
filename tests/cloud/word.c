/* Reads and writes the region of a lab in a machine, through BAR2 of its ivshmem device: word OFFSET [TEXT]. Prints its size
 * and the text at OFFSET. It uses json-c, a library that the root image does not have. */
#include <fcntl.h>
#include <glob.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** Opens resource2 of the first device 1af4:1110. */
static int open_bar(void)
{
    glob_t found;
    int fd = -1;
    if (glob("/sys/bus/pci/devices/*/device", 0, NULL, &found) != 0)
        return -1;
    for (size_t i = 0; fd < 0 && i < found.gl_pathc; i++) {
        char id[16] = "", path[256];
        FILE *file = fopen(found.gl_pathv[i], "r");
        if (file != NULL && fgets(id, sizeof id, file) != NULL && strcmp(id, "0x1110\n") == 0) {
            snprintf(path, sizeof path, "%.*s/resource2",
                     (int)(strrchr(found.gl_pathv[i], '/') - found.gl_pathv[i]), found.gl_pathv[i]);
            fd = open(path, O_RDWR);
        }
        if (file != NULL)
            fclose(file);
    }
    globfree(&found);
    return fd;
}

int main(int argc, char **argv)
{
    struct stat status;
    int fd = open_bar();
    if (argc < 2 || fd < 0 || fstat(fd, &status) != 0)
        return 1;
    char *memory = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return 1;
    char *text = memory + atol(argv[1]);
    if (argc > 2)
        strcpy(text, argv[2]);
    json_object *object = json_object_new_object();
    json_object_object_add(object, "bytes", json_object_new_int64(status.st_size));
    json_object_object_add(object, "text", json_object_new_string(text));
    puts(json_object_to_json_string(object));
    json_object_put(object);
    return 0;
}
