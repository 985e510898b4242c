#include "cloud/agent/daemon/device.h"

#include "cloud/libvirt/xml.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static void add_address(weiss_xml *xml, xmlNode *shmem, int port)
{
    xmlNode *address = weiss_xml_add(xml, shmem, "address", NULL);
    weiss_xml_set(xml, address, "type", "pci");
    weiss_xml_set(xml, address, "domain", "0x0000");
    weiss_xml_set(xml, address, "bus", "0x%02x", (unsigned)port);
    weiss_xml_set(xml, address, "slot", "0x00");
    weiss_xml_set(xml, address, "function", "0x0");
}

int weiss_shmem_device_xml(const weiss_shmem_device *device, char **out, weiss_fault *fault)
{
    weiss_xml xml;
    xmlNode *shmem;
    char size[32];
    WEISS_FAULT_TRY(weiss_xml_start(&xml, "shmem", &shmem, fault));
    weiss_xml_set(&xml, shmem, "name", "%s", device->region);
    xmlNode *model = weiss_xml_add(&xml, shmem, "model", NULL);
    weiss_xml_set(&xml, model, "type", device->socket != NULL ? "ivshmem-doorbell" : "ivshmem-plain");
    if (device->socket == NULL) {
        snprintf(size, sizeof size, "%" PRId64, device->bytes);
        weiss_xml_set(&xml, weiss_xml_add(&xml, shmem, "size", size), "unit", "B");
    } else {
        weiss_xml_set(&xml, weiss_xml_add(&xml, shmem, "server", NULL), "path", "%s", device->socket);
        xmlNode *msi = weiss_xml_add(&xml, shmem, "msi", NULL);
        weiss_xml_set(&xml, msi, "vectors", "%d", device->vectors);
        weiss_xml_set(&xml, msi, "ioeventfd", "on");
    }
    if (device->port >= 0)
        add_address(&xml, shmem, device->port);
    return weiss_xml_finish(&xml, out, fault);
}

int weiss_domain_run(const char *text, size_t length)
{
    int run = -1;
    xmlDoc *doc = length <= INT_MAX ? xmlReadMemory(text, (int)length, NULL, NULL,
                                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
                                    : NULL;
    xmlNode *root = doc != NULL ? xmlDocGetRootElement(doc) : NULL;
    xmlChar *id = root != NULL && xmlStrEqual(root->name, BAD_CAST "domain")
                      ? xmlGetNoNsProp(root, BAD_CAST "id")
                      : NULL;
    if (id != NULL) {
        long value = strtol((const char *)id, NULL, 10);
        run = value >= 0 && value <= INT_MAX ? (int)value : -1;
        xmlFree(id);
    }
    if (doc != NULL)
        xmlFreeDoc(doc);
    return run;
}
