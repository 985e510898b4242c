#include "cloud/libvirt/domain.h"

#include "cloud/libvirt/xml.h"

#include <stdio.h>

/** Places on the first bus: the order in which the guest numbers its disks and cards. */
enum { SLOT_PORTS = 1, SLOT_ROOT, SLOT_LAB, SLOT_CARD, SLOT_REGION };

/** Root ports of a machine that was started without a region. */
#define PORTS 2

static void add_address(weiss_xml *xml, xmlNode *device, int slot)
{
    xmlNode *address = weiss_xml_add(xml, device, "address", NULL);
    weiss_xml_set(xml, address, "type", "pci");
    weiss_xml_set(xml, address, "bus", "0x00");
    weiss_xml_set(xml, address, "slot", "0x%02x", (unsigned)slot);
}

/** Memory: its size, its pages, its node. */
static void add_memory(weiss_xml *xml, xmlNode *root, const weiss_domain *d)
{
    char text[32];
    snprintf(text, sizeof text, "%d", d->memory);
    weiss_xml_set(xml, weiss_xml_add(xml, root, "memory", text), "unit", "MiB");
    if (d->page > 0) {
        xmlNode *backing = weiss_xml_add(xml, root, "memoryBacking", NULL);
        xmlNode *page = weiss_xml_add(xml, weiss_xml_add(xml, backing, "hugepages", NULL), "page", NULL);
        weiss_xml_set(xml, page, "size", "%lld", (long long)d->page >> 10);
        weiss_xml_set(xml, page, "unit", "KiB");
        weiss_xml_set(xml, weiss_xml_add(xml, backing, "source", NULL), "type", "memfd");
        weiss_xml_set(xml, weiss_xml_add(xml, backing, "allocation", NULL), "mode", "immediate");
    }
    snprintf(text, sizeof text, "%d", d->vcpus);
    xmlNode *vcpu = weiss_xml_add(xml, root, "vcpu", text);
    weiss_xml_set(xml, vcpu, "placement", "static");
    if (d->place->node[0] != '\0')
        weiss_xml_set(xml, vcpu, "cpuset", "%s", d->place->node);
}

/** Processors of the threads. */
static void add_pins(weiss_xml *xml, xmlNode *root, const weiss_domain *d)
{
    if (d->place->cpu[0] >= 0) {
        xmlNode *tune = weiss_xml_add(xml, root, "cputune", NULL);
        for (int i = 0; i < d->vcpus; i++) {
            xmlNode *pin = weiss_xml_add(xml, tune, "vcpupin", NULL);
            weiss_xml_set(xml, pin, "vcpu", "%d", i);
            weiss_xml_set(xml, pin, "cpuset", "%d", d->place->cpu[i]);
        }
        weiss_xml_set(xml, weiss_xml_add(xml, tune, "emulatorpin", NULL), "cpuset", "%s", d->place->others);
    }
    if (d->node >= 0) {
        xmlNode *memory = weiss_xml_add(xml, weiss_xml_add(xml, root, "numatune", NULL), "memory", NULL);
        weiss_xml_set(xml, memory, "mode", "strict");
        weiss_xml_set(xml, memory, "nodeset", "%d", d->node);
    }
}

/** The kernel that it boots, and what becomes of it at its end. */
static void add_boot(weiss_xml *xml, xmlNode *root, const weiss_domain *d)
{
    xmlNode *os = weiss_xml_add(xml, root, "os", NULL);
    xmlNode *type = weiss_xml_add(xml, os, "type", "hvm");
    weiss_xml_set(xml, type, "arch", "x86_64");
    weiss_xml_set(xml, type, "machine", "q35");
    weiss_xml_add(xml, os, "kernel", d->kernel);
    weiss_xml_add(xml, os, "initrd", d->initrd);
    weiss_xml_add(xml, os, "cmdline", d->append);
    xmlNode *features = weiss_xml_add(xml, root, "features", NULL);
    weiss_xml_add(xml, features, "acpi", NULL);
    weiss_xml_add(xml, features, "apic", NULL);
    xmlNode *cpu = weiss_xml_add(xml, root, "cpu", NULL);
    weiss_xml_set(xml, cpu, "mode", d->kvm ? "host-passthrough" : "maximum");
    /* Emulated `rep movs` is slow, and the C library takes it for large copies where these are advertised. */
    for (int i = 0; !d->kvm && i < 2; i++) {
        xmlNode *feature = weiss_xml_add(xml, cpu, "feature", NULL);
        weiss_xml_set(xml, feature, "policy", "disable");
        weiss_xml_set(xml, feature, "name", i == 0 ? "erms" : "fsrm");
    }
    weiss_xml_set(xml, weiss_xml_add(xml, root, "clock", NULL), "offset", "utc");
    weiss_xml_add(xml, root, "on_poweroff", "destroy");
    weiss_xml_add(xml, root, "on_reboot", "destroy");
    weiss_xml_add(xml, root, "on_crash", "destroy");
}

static void add_disk(weiss_xml *xml, xmlNode *devices, const char *path, const char *target, int slot)
{
    xmlNode *disk = weiss_xml_add(xml, devices, "disk", NULL);
    weiss_xml_set(xml, disk, "type", "file");
    weiss_xml_set(xml, disk, "device", "disk");
    xmlNode *driver = weiss_xml_add(xml, disk, "driver", NULL);
    weiss_xml_set(xml, driver, "name", "qemu");
    weiss_xml_set(xml, driver, "type", "raw");
    weiss_xml_set(xml, weiss_xml_add(xml, disk, "source", NULL), "file", "%s", path);
    xmlNode *node = weiss_xml_add(xml, disk, "target", NULL);
    weiss_xml_set(xml, node, "dev", "%s", target);
    weiss_xml_set(xml, node, "bus", "virtio");
    weiss_xml_add(xml, disk, "readonly", NULL);
    weiss_xml_add(xml, disk, "shareable", NULL);
    add_address(xml, disk, slot);
}

/** Controllers that libvirt would add by itself, and that a machine of the lab has not. */
static void leave_out(weiss_xml *xml, xmlNode *devices)
{
    xmlNode *usb = weiss_xml_add(xml, devices, "controller", NULL);
    weiss_xml_set(xml, usb, "type", "usb");
    weiss_xml_set(xml, usb, "model", "none");
    weiss_xml_set(xml, weiss_xml_add(xml, devices, "memballoon", NULL), "model", "none");
}

/** Free root ports, so that a device can be attached to the running machine: a region, by weiss-agentd. */
static void add_ports(weiss_xml *xml, xmlNode *devices, const weiss_domain *d)
{
    for (int i = 0; d->ivshmem == WEISS_LAB_NONE && i < PORTS; i++) {
        xmlNode *port = weiss_xml_add(xml, devices, "controller", NULL);
        weiss_xml_set(xml, port, "type", "pci");
        weiss_xml_set(xml, port, "index", "%d", i + 1);
        weiss_xml_set(xml, port, "model", "pcie-root-port");
        xmlNode *address = weiss_xml_add(xml, port, "address", NULL);
        weiss_xml_set(xml, address, "type", "pci");
        weiss_xml_set(xml, address, "bus", "0x00");
        weiss_xml_set(xml, address, "slot", "0x%02x", (unsigned)SLOT_PORTS);
        weiss_xml_set(xml, address, "function", "0x%x", (unsigned)i);
        if (i == 0)
            weiss_xml_set(xml, address, "multifunction", "on");
    }
}

static void add_card(weiss_xml *xml, xmlNode *devices, const weiss_domain *d)
{
    if (d->bridge == NULL)
        return;
    xmlNode *card = weiss_xml_add(xml, devices, "interface", NULL);
    /* Not type="network": libvirt would keep a list of its cards in a directory that only dnsmasq's start makes. */
    weiss_xml_set(xml, card, "type", "bridge");
    weiss_xml_set(xml, weiss_xml_add(xml, card, "mac", NULL), "address", "%s", d->mac);
    weiss_xml_set(xml, weiss_xml_add(xml, card, "source", NULL), "bridge", "%s", d->bridge);
    weiss_xml_set(xml, weiss_xml_add(xml, card, "model", NULL), "type", "virtio");
    weiss_xml_set(xml, weiss_xml_add(xml, card, "rom", NULL), "enabled", "no");
    add_address(xml, card, SLOT_CARD);
}

static void add_console(weiss_xml *xml, xmlNode *devices, const weiss_domain *d)
{
    xmlNode *serial = weiss_xml_add(xml, devices, "serial", NULL);
    weiss_xml_set(xml, serial, "type", "file");
    xmlNode *source = weiss_xml_add(xml, serial, "source", NULL);
    weiss_xml_set(xml, source, "path", "%s", d->console);
    weiss_xml_set(xml, source, "append", "on");
    weiss_xml_set(xml, weiss_xml_add(xml, serial, "target", NULL), "port", "0");
}

static void add_region(weiss_xml *xml, xmlNode *devices, const weiss_domain *d)
{
    bool plain = d->ivshmem == WEISS_LAB_PLAIN;
    char text[32];
    if (d->ivshmem == WEISS_LAB_NONE)
        return;
    xmlNode *shmem = weiss_xml_add(xml, devices, "shmem", NULL);
    weiss_xml_set(xml, shmem, "name", "%s", plain ? d->region : "region");
    weiss_xml_set(xml, weiss_xml_add(xml, shmem, "model", NULL), "type",
                  plain ? "ivshmem-plain" : "ivshmem-doorbell");
    if (plain) {
        snprintf(text, sizeof text, "%lld", (long long)d->region_bytes);
        weiss_xml_set(xml, weiss_xml_add(xml, shmem, "size", text), "unit", "B");
    } else {
        weiss_xml_set(xml, weiss_xml_add(xml, shmem, "server", NULL), "path", "%s", d->region);
        xmlNode *msi = weiss_xml_add(xml, shmem, "msi", NULL);
        weiss_xml_set(xml, msi, "vectors", "%d", d->vectors);
        weiss_xml_set(xml, msi, "ioeventfd", "on");
    }
    add_address(xml, shmem, SLOT_REGION);
}

/** Whom QEMU runs as. Files are left to their owners: they are the caller's, and so is QEMU. */
static void add_owner(weiss_xml *xml, xmlNode *root, const weiss_domain *d)
{
    char label[64];
    if (d->user < 0)
        return;
    xmlNode *owner = weiss_xml_add(xml, root, "seclabel", NULL);
    weiss_xml_set(xml, owner, "type", "static");
    weiss_xml_set(xml, owner, "model", "dac");
    weiss_xml_set(xml, owner, "relabel", "no");
    snprintf(label, sizeof label, "+%ld:+%ld", d->user, d->group);
    weiss_xml_add(xml, owner, "label", label);
}

/** Words that libvirt hands to QEMU as they are. */
static void add_arguments(weiss_xml *xml, xmlNode *root, const weiss_domain *d)
{
    if (d->arguments == NULL)
        return;
    xmlNs *space = weiss_xml_declare(xml, root, "http://libvirt.org/schemas/domain/qemu/1.0", "qemu");
    xmlNode *line = weiss_xml_add(xml, root, "commandline", NULL);
    weiss_xml_put(xml, line, space);
    for (int i = 0; d->arguments[i] != NULL; i++) {
        xmlNode *word = weiss_xml_add(xml, line, "arg", NULL);
        weiss_xml_set(xml, word, "value", "%s", d->arguments[i]);
        weiss_xml_put(xml, word, space);
    }
}

int weiss_domain_xml(const weiss_domain *d, char **out, weiss_fault *fault)
{
    weiss_xml xml;
    xmlNode *root;
    WEISS_FAULT_TRY(weiss_xml_start(&xml, "domain", &root, fault));
    weiss_xml_set(&xml, root, "type", d->kvm ? "kvm" : "qemu");
    weiss_xml_add(&xml, root, "name", d->name);
    if (d->uuid != NULL)
        weiss_xml_add(&xml, root, "uuid", d->uuid);
    add_memory(&xml, root, d);
    add_pins(&xml, root, d);
    add_boot(&xml, root, d);
    xmlNode *devices = weiss_xml_add(&xml, root, "devices", NULL);
    add_disk(&xml, devices, d->disk[0], "vda", SLOT_ROOT);
    add_disk(&xml, devices, d->disk[1], "vdb", SLOT_LAB);
    leave_out(&xml, devices);
    add_ports(&xml, devices, d);
    add_card(&xml, devices, d);
    add_console(&xml, devices, d);
    add_region(&xml, devices, d);
    add_owner(&xml, root, d);
    add_arguments(&xml, root, d);
    return weiss_xml_finish(&xml, out, fault);
}
