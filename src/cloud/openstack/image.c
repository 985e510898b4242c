#include "cloud/openstack/image.h"

#include "base/text.h"
#include "cloud/openstack/json.h"
#include "cloud/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUM 129

/** One file on its way to Glance. */
typedef struct transfer {
    weiss_cloud *cloud;
    const weiss_cloud_image *image;
    const char *name; /**< of the image that it becomes */
    FILE *file;
    int64_t bytes;
    char sum[SUM];
    char format[8]; /**< qcow2, raw, aki, ari */
} transfer;

static void take_sum(void *data, const char *line)
{
    char *sum = data;
    if (sum[0] == '\0' && line[0] == '\\') /* names with odd characters are marked so */
        line++;
    if (sum[0] == '\0' && strspn(line, "0123456789abcdef") == SUM - 1)
        memcpy(sum, line, SUM - 1);
}

/** SHA-512 of a file, by coreutils. */
static int sum_of(const char *path, const volatile sig_atomic_t *stop, char sum[SUM], weiss_fault *fault)
{
    const char *const words[] = {"sha512sum", "--", path, NULL};
    const weiss_process_options options = {.words = (char *const *)words, .in = -1, .out = -1, .err = 2};
    const weiss_process_reader reader = {.line = take_sum, .data = sum, .stop = stop};
    int exit_code = 0;
    memset(sum, 0, SUM);
    WEISS_FAULT_TRY(weiss_process_run(&options, &reader, &exit_code, fault));
    return sum[0] != '\0' && exit_code == 0
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_FILE,
                                 "the sum of %s cannot be taken (sha512sum ended with %d)", path, exit_code);
}

/** Opens a file and finds out what it is. */
static int open_file(transfer *t, const char *path, const char *format, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], magic[4] = "";
    struct stat about;
    weiss_text_show(path, shown);
    t->file = fopen(path, "re");
    if (t->file == NULL || fstat(fileno(t->file), &about) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", shown, strerror(errno));
    if (!S_ISREG(about.st_mode) || about.st_size == 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s is empty, or no file", shown);
    t->bytes = about.st_size;
    bool qcow = fread(magic, 1, 4, t->file) == 4 && memcmp(magic, "QFI\xfb", 4) == 0;
    snprintf(t->format, sizeof t->format, "%s", format != NULL ? format : qcow ? "qcow2" : "raw");
    return sum_of(path, t->image->stop, t->sum, fault);
}

/** An image that is there already. */
typedef struct there {
    const transfer *transfer;
    char id[WEISS_CLOUD_ID], name[256];
    bool taken; /**< the name has another image */
} there;

static int compare(void *data, json_object *image)
{
    there *t = data;
    const char *name = weiss_json_text(image, "name");
    bool same = strcmp(weiss_json_text(image, "os_hash_algo"), "sha512") == 0 &&
                strcmp(weiss_json_text(image, "os_hash_value"), t->transfer->sum) == 0 &&
                strcmp(weiss_json_text(image, "status"), "active") == 0;
    bool named = strcmp(name, t->transfer->name) == 0;
    if (same && (t->id[0] == '\0' || named)) {
        snprintf(t->id, sizeof t->id, "%s", weiss_json_text(image, "id"));
        snprintf(t->name, sizeof t->name, "%s", name[0] != '\0' ? name : t->id);
    }
    t->taken = t->taken || (named && !same);
    return 0;
}

static int look(const transfer *t, there *found, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    *found = (there){.transfer = t};
    WEISS_FAULT_TRY(weiss_cloud_each(t->cloud, &weiss_kind_image, "limit=200", compare, found, fault));
    if (found->id[0] == '\0' && found->taken)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "the cloud has another image \"%s\": take another --name, or remove that one (weiss "
            "openstack image --remove --name ...)",
            weiss_text_show(t->name, shown));
    return 0;
}

/** What the image is, for Glance. A disk and a card that a guest drives well; settings of instances on a disk (config drive),
 *  since the network may have no DHCP and no service of metadata. */
static json_object *describe(const transfer *t, const char *kernel, const char *ramdisk)
{
    bool disk = t->format[0] != 'a';
    json_object *o = json_object_new_object();
    weiss_json_add(o, "name", t->name);
    weiss_json_add(o, "disk_format", t->format);
    weiss_json_add(o, "container_format", disk ? "bare" : t->format);
    weiss_json_add(o, "visibility", t->image->everybody ? "public" : "");
    if (!disk)
        return o;
    weiss_json_add(o, "hw_machine_type", t->image->machine);
    weiss_json_add(o, "hw_disk_bus", "virtio");
    weiss_json_add(o, "hw_vif_model", "virtio");
    weiss_json_add(o, "hw_rng_model", "virtio");
    weiss_json_add(o, "img_config_drive", "mandatory");
    weiss_json_add(o, "os_type", "linux");
    weiss_json_add(o, "kernel_id", kernel);
    weiss_json_add(o, "ramdisk_id", ramdisk);
    return o;
}

static void tell(void *data, int64_t sent)
{
    const transfer *t = data;
    if (t->image->progress != NULL)
        t->image->progress(t->image->data, t->name, sent, t->bytes);
}

/** Looks at what has arrived. */
static int check(const transfer *t, const char *id, weiss_fault *fault)
{
    char path[WEISS_CLOUD_ID + 32], shown[WEISS_TEXT_SHOWN];
    json_object *image = NULL;
    snprintf(path, sizeof path, "/v2/images/%s", id);
    WEISS_FAULT_TRY(weiss_cloud_ask(t->cloud, "image", "GET", path, NULL, &image, fault));
    int code = 0;
    weiss_text_show(t->name, shown);
    if (strcmp(weiss_json_text(image, "status"), "active") != 0)
        code = weiss_fault_set(fault, WEISS_ERR_PEER,
                               "Glance does not take the image \"%s\": its status is %.20s", shown,
                               weiss_json_text(image, "status"));
    else if (strcmp(weiss_json_text(image, "os_hash_algo"), "sha512") != 0)
        code = weiss_fault_set(fault, WEISS_ERR_PEER,
                               "Glance gives no SHA-512 of the image \"%s\", so that it cannot be checked",
                               shown);
    else if (strcmp(weiss_json_text(image, "os_hash_value"), t->sum) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_PEER,
                               "the image \"%s\" did not arrive as it is here: its SHA-512 is another one",
                               shown);
    json_object_put(image);
    return code;
}

/** Sends a file that is open. Nothing is left in the cloud when that fails. */
static int transmit(transfer *t, const char *kernel, const char *ramdisk, char id[WEISS_CLOUD_ID],
                    weiss_fault *fault)
{
    char path[WEISS_CLOUD_ID + 32];
    WEISS_FAULT_TRY(
        weiss_cloud_make(t->cloud, &weiss_kind_image, describe(t, kernel, ramdisk), id, NULL, fault));
    const weiss_cloud_file file = {.file = t->file, .bytes = t->bytes, .progress = tell, .data = t};
    snprintf(path, sizeof path, "/v2/images/%s/file", id);
    int code = weiss_cloud_upload(t->cloud, "image", path, &file, fault);
    if (code == 0 && !weiss_cloud_is_dry(t->cloud))
        code = check(t, id, fault);
    if (code != 0) {
        weiss_cloud_heed(t->cloud, NULL);
        weiss_cloud_remove(t->cloud, &weiss_kind_image, id, NULL);
        weiss_cloud_heed(t->cloud, t->image->stop);
    }
    return code;
}

/** Sends a kernel or a ramdisk, NAME-WHAT. @param path  NULL: nothing is done */
static int send_part(weiss_cloud *cloud, const weiss_cloud_image *image, const char *path, const char *what,
                     char id[WEISS_CLOUD_ID], weiss_fault *fault)
{
    char name[256];
    there found;
    transfer t = {.cloud = cloud, .image = image, .name = name};
    id[0] = '\0';
    if (path == NULL)
        return 0;
    snprintf(name, sizeof name, "%.200s-%s", image->name, what);
    int code = open_file(&t, path, what[0] == 'k' ? "aki" : "ari", fault);
    if (code == 0)
        code = look(&t, &found, fault);
    if (code == 0 && found.id[0] != '\0')
        memcpy(id, found.id, sizeof found.id);
    else if (code == 0)
        code = transmit(&t, NULL, NULL, id, fault);
    if (t.file != NULL)
        fclose(t.file);
    return code;
}

int weiss_cloud_image_send(weiss_cloud *cloud, const weiss_cloud_image *image, char id[WEISS_CLOUD_ID],
                           char same[256], weiss_fault *fault)
{
    char kernel[WEISS_CLOUD_ID], ramdisk[WEISS_CLOUD_ID];
    there found;
    transfer t = {.cloud = cloud, .image = image, .name = image->name};
    same[0] = '\0';
    int code = open_file(&t, image->file, NULL, fault);
    if (code == 0)
        code = look(&t, &found, fault);
    if (code == 0 && found.id[0] != '\0') {
        memcpy(id, found.id, sizeof found.id);
        memcpy(same, found.name, sizeof found.name);
    } else if (code == 0) {
        code = send_part(cloud, image, image->kernel, "kernel", kernel, fault);
        if (code == 0)
            code = send_part(cloud, image, image->ramdisk, "ramdisk", ramdisk, fault);
        if (code == 0)
            code = transmit(&t, kernel, ramdisk, id, fault);
    }
    if (t.file != NULL)
        fclose(t.file);
    return code;
}

static int remove_named(weiss_cloud *cloud, const char *name, bool *was_there, weiss_fault *fault)
{
    char id[WEISS_CLOUD_ID];
    json_object *image = NULL;
    if (weiss_cloud_is_dry(cloud)) {
        WEISS_FAULT_TRY(weiss_cloud_need(cloud, &weiss_kind_image, name, id, NULL, fault));
        return weiss_cloud_remove(cloud, &weiss_kind_image, id, fault);
    }
    WEISS_FAULT_TRY(weiss_cloud_find(cloud, &weiss_kind_image, name, &image, fault));
    *was_there = image != NULL;
    int code =
        image != NULL ? weiss_cloud_remove(cloud, &weiss_kind_image, weiss_json_text(image, "id"), fault) : 0;
    json_object_put(image);
    return code;
}

int weiss_cloud_image_remove(weiss_cloud *cloud, const char *name, bool *was_there, weiss_fault *fault)
{
    static const char *const parts[] = {"kernel", "ramdisk"};
    char part[256];
    *was_there = weiss_cloud_is_dry(cloud);
    WEISS_FAULT_TRY(remove_named(cloud, name, was_there, fault));
    for (size_t i = 0; i < 2; i++) {
        bool ignored;
        snprintf(part, sizeof part, "%.200s-%s", name, parts[i]);
        WEISS_FAULT_TRY(remove_named(cloud, part, &ignored, fault));
    }
    return 0;
}
