/* Devices of a domain: the machine that has them, its free root port, its shared memory. */
#include "cloud/agent/instance-private.h"

#include "base/text.h"
#include "cloud/agent/region-file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSES 256

/** Whether a machine has a name or is a version of it: "pc" and "pc-i440fx-7.2" of "pc" and "pc-i440fx-". */
static bool is_machine(const char *machine, const char *name, const char *version_of)
{
    size_t length = strlen(version_of);
    return strcmp(machine, name) == 0 ||
           (strncmp(machine, version_of, length) == 0 && machine[length] != '\0');
}

static int read_machine(const xmlNode *domain, weiss_instance *instance, weiss_fault *fault)
{
    char machine[64], arch[64];
    const xmlNode *os = weiss_instance_child(domain, NULL, "os", NULL);
    const xmlNode *type = os != NULL ? weiss_instance_child(os, NULL, "type", NULL) : NULL;
    if (type == NULL)
        return 0;
    int has_machine = weiss_instance_attribute(type, "machine", machine, sizeof machine, fault);
    int has_arch = weiss_instance_attribute(type, "arch", arch, sizeof arch, fault);
    if (has_machine <= 0 || has_arch <= 0)
        return has_machine < 0 ? has_machine : has_arch < 0 ? has_arch : 0;
    if (strcmp(arch, "x86_64") != 0 && strcmp(arch, "i686") != 0)
        return 0;
    if (is_machine(machine, "pc", "pc-i440fx-"))
        instance->machine = WEISS_MACHINE_PC;
    if (is_machine(machine, "q35", "pc-q35-"))
        instance->machine = WEISS_MACHINE_Q35;
    return 0;
}

/** A small number such as "3" or "0x03". @return false: there is none, or it is none */
static bool read_number(const xmlNode *node, const char *name, unsigned *out)
{
    char text[16], *end;
    if (weiss_instance_attribute(node, name, text, sizeof text, NULL) <= 0)
        return false;
    unsigned long number = strtoul(text, &end, 0);
    *out = (unsigned)number;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number < BUSES;
}

static bool has_value(const xmlNode *node, const char *name, const char *value)
{
    char text[64];
    return weiss_instance_attribute(node, name, text, sizeof text, NULL) > 0 && strcmp(text, value) == 0;
}

/** The bus behind a root port that takes devices while the machine runs; 0: it is no such port. */
static unsigned port_of(const xmlNode *device)
{
    unsigned index;
    if (strcmp((const char *)device->name, "controller") != 0 || !has_value(device, "type", "pci") ||
        !has_value(device, "model", "pcie-root-port") || !read_number(device, "index", &index))
        return 0;
    const xmlNode *target = weiss_instance_child(device, NULL, "target", NULL);
    return target != NULL && has_value(target, "hotplug", "off") ? 0 : index;
}

/** The first root port that has nothing on its bus. Addresses further inside a device are those of the host. */
static int free_port(const xmlNode *devices)
{
    bool port[BUSES] = {false}, used[BUSES] = {false};
    for (const xmlNode *device = devices->children; device != NULL; device = device->next) {
        unsigned bus;
        if (device->type != XML_ELEMENT_NODE)
            continue;
        port[port_of(device)] = true;
        const xmlNode *address = NULL;
        while ((address = weiss_instance_child(device, NULL, "address", address)) != NULL)
            if (has_value(address, "type", "pci") && read_number(address, "bus", &bus))
                used[bus] = true;
    }
    for (int i = 1; i < BUSES; i++)
        if (port[i] && !used[i])
            return i;
    return -1;
}

/** <size unit='M'>4</size>, as libvirt prints it. */
static int read_size(const xmlNode *device, weiss_shmem *shmem, weiss_fault *fault)
{
    static const struct {
        const char *name;
        int shift;
    } units[] = {{"b", 0},    {"bytes", 0}, {"K", 10},   {"KiB", 10}, {"M", 20},
                 {"MiB", 20}, {"G", 30},    {"GiB", 30}, {"T", 40},   {"TiB", 40}};
    const xmlNode *node = weiss_instance_child(device, NULL, "size", NULL);
    char shown[WEISS_TEXT_SHOWN], unit[16] = "M", *end;
    if (node == NULL)
        return 0;
    int code = weiss_instance_attribute(node, "unit", unit, sizeof unit, fault);
    if (code < 0)
        return code;
    xmlChar *text = xmlNodeGetContent(node);
    if (text == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    long long number = strtoll((const char *)text, &end, 10);
    bool right = number > 0 && *end == '\0';
    weiss_text_show((const char *)text, shown);
    xmlFree(text);
    for (size_t i = 0; right && i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0 && number <= INT64_MAX >> units[i].shift) {
            shmem->bytes = number << units[i].shift;
            return 0;
        }
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "line %ld, <shmem>: expected a size, found \"%s\"",
                           xmlGetLineNo(node), shown);
}

static int read_shmem(const xmlNode *device, weiss_shmem *shmem, weiss_fault *fault)
{
    *shmem = (weiss_shmem){.bytes = 0};
    int code = weiss_instance_attribute(device, "name", shmem->name, sizeof shmem->name, fault);
    if (code <= 0)
        return code < 0 ? code
                        : weiss_fault_set(fault, WEISS_ERR_VALUE,
                                          "line %ld, <shmem>: expected name, which is not there",
                                          xmlGetLineNo(device));
    const xmlNode *alias = weiss_instance_child(device, NULL, "alias", NULL);
    const xmlNode *model = weiss_instance_child(device, NULL, "model", NULL);
    if (alias != NULL)
        code = weiss_instance_attribute(alias, "name", shmem->alias, sizeof shmem->alias, fault);
    if (code < 0)
        return code;
    shmem->doorbell = (model != NULL && has_value(model, "type", "ivshmem-doorbell")) ||
                      weiss_instance_child(device, NULL, "server", NULL) != NULL;
    shmem->ours = strncmp(shmem->name, WEISS_REGION_PREFIX, strlen(WEISS_REGION_PREFIX)) == 0;
    return read_size(device, shmem, fault);
}

int weiss_instance_read_devices(const xmlNode *domain, weiss_instance *instance, weiss_fault *fault)
{
    const xmlNode *devices = weiss_instance_child(domain, NULL, "devices", NULL), *device = NULL;
    WEISS_FAULT_TRY(read_machine(domain, instance, fault));
    if (devices == NULL)
        return 0;
    if (instance->machine == WEISS_MACHINE_Q35)
        instance->port = free_port(devices);
    while ((device = weiss_instance_child(devices, NULL, "shmem", device)) != NULL) {
        if (instance->nshmems == WEISS_AGENT_SHMEMS)
            return weiss_fault_set(fault, WEISS_ERR_VALUE,
                                   "line %ld, <shmem>: expected %d devices of shared memory at most",
                                   xmlGetLineNo(device), WEISS_AGENT_SHMEMS);
        WEISS_FAULT_TRY(read_shmem(device, &instance->shmem[instance->nshmems], fault));
        instance->nshmems++;
    }
    return 0;
}
