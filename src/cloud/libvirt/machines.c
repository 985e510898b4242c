#include "cloud/libvirt/machines.h"

#include "cloud/libvirt/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Prints the command that would make what the XML describes. */
static void show(const weiss_lab *lab, const char *command, const char *xml)
{
    fprintf(lab->show, "virsh -c '%s' %s /dev/stdin <<'END'\n%s\nEND\n", lab->domains.uri, command, xml);
}

int weiss_lab_start_domain_network(weiss_lab *lab, weiss_fault *fault)
{
    char *xml;
    if (lab->domains.network[0] == '\0')
        return 0;
    WEISS_FAULT_TRY(weiss_domains_network_xml(&lab->domains, &xml, fault));
    int code = 0;
    if (lab->show != NULL)
        show(lab, "net-create --validate", xml);
    else
        code = weiss_domains_start_network(&lab->domains, xml, fault);
    free(xml);
    return code;
}

/** Files and texts of a machine that its description borrows. */
typedef struct texts {
    char name[WEISS_DOMAIN_NAME], bridge[WEISS_BRIDGE_NAME], mac[24];
    char kernel[WEISS_PATH + 32], initrd[WEISS_PATH + 32], root[WEISS_PATH + 32];
    char disk[WEISS_PATH], console[WEISS_PATH], region[WEISS_PATH], append[WEISS_PATH];
    weiss_words arguments;
} texts;

static void write_texts(const weiss_lab *lab, int index, texts *t)
{
    char path[WEISS_LAB_REGION_PATH];
    snprintf(t->kernel, sizeof t->kernel, "%s/" WEISS_IMAGE_KERNEL, lab->image);
    snprintf(t->initrd, sizeof t->initrd, "%s/" WEISS_IMAGE_INITRD, lab->image);
    snprintf(t->root, sizeof t->root, "%s/" WEISS_IMAGE_ROOT, lab->image);
    snprintf(t->disk, sizeof t->disk, "%s/disk.img", lab->directory);
    snprintf(t->console, sizeof t->console, "%s/vm%d.log", lab->directory, index + 1);
    snprintf(t->mac, sizeof t->mac, "52:54:00:77:%02x:%02x", lab->domains.subnet & 255, (index + 1) & 255);
    weiss_domains_name(&lab->domains, index, t->name);
    weiss_domains_bridge(&lab->domains, t->bridge);
    weiss_lab_append(lab, index, t->append);
    if (lab->options.ivshmem == WEISS_LAB_PLAIN && lab->vm[index].group >= 0) {
        weiss_lab_region_path(lab, lab->vm[index].group, path);
        snprintf(t->region, sizeof t->region, "%s", strrchr(path, '/') + 1);
    } else
        snprintf(t->region, sizeof t->region, "%s/region%d", lab->directory, lab->vm[index].group + 1);
}

/** Describes a machine with texts that live as long as @p t. */
static weiss_domain describe(const weiss_lab *lab, int index, texts *t)
{
    const weiss_lab_options *o = &lab->options;
    bool has_network = lab->domains.network[0] != '\0';
    write_texts(lab, index, t);
    if (!has_network)
        weiss_lab_add_network(lab, index, -1, &t->arguments);
    return (weiss_domain){.name = t->name,
                          .uuid = lab->domains.domain[index],
                          .kvm = lab->kvm,
                          .vcpus = o->vcpus,
                          .memory = o->memory,
                          .place = &lab->vm[index].place,
                          .node = o->wishes.node,
                          .page = o->wishes.page,
                          .kernel = t->kernel,
                          .initrd = t->initrd,
                          .append = t->append,
                          .disk = {t->root, t->disk},
                          .console = t->console,
                          .bridge = has_network ? t->bridge : NULL,
                          .mac = t->mac,
                          .arguments = has_network ? NULL : t->arguments.word,
                          .ivshmem = lab->vm[index].group >= 0 ? o->ivshmem : WEISS_LAB_NONE,
                          .region = t->region,
                          .region_bytes = o->region,
                          .vectors = o->vectors,
                          .user = has_network ? (long)getuid() : -1,
                          .group = (long)getgid()};
}

/** Makes the file of the console, so that it is the caller's: libvirt's own would be root's. */
static int make_console(const char *path, weiss_fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be made: %s", path, strerror(errno));
    close(fd);
    return 0;
}

int weiss_lab_start_domain(weiss_lab *lab, int index, weiss_fault *fault)
{
    char *xml = NULL;
    texts *t = calloc(1, sizeof *t);
    if (t == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    const weiss_domain domain = describe(lab, index, t);
    int code = t->arguments.full ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                                 : weiss_domain_xml(&domain, &xml, fault);
    if (code == 0 && lab->show != NULL)
        show(lab, "create --validate", xml);
    else if (code == 0) {
        code = make_console(t->console, fault);
        if (code == 0)
            code = weiss_domains_start(&lab->domains, index, xml, &lab->vm[index].pid, fault);
    }
    weiss_words_clear(&t->arguments);
    free(xml);
    free(t);
    return code;
}
