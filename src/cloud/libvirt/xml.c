#include "cloud/libvirt/xml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

xmlNode *weiss_xml_start(weiss_xml *xml, const char *root)
{
    *xml = (weiss_xml){.doc = xmlNewDoc(BAD_CAST "1.0")};
    xmlNode *node = xml->doc != NULL ? xmlNewDocNode(xml->doc, NULL, BAD_CAST root, NULL) : NULL;
    if (node != NULL)
        xmlDocSetRootElement(xml->doc, node);
    xml->failed = node == NULL;
    return node;
}

xmlNode *weiss_xml_add(weiss_xml *xml, xmlNode *parent, const char *name, const char *text)
{
    /* xmlNewTextChild quotes what needs it; xmlNewChild does not. */
    xmlNode *node = parent != NULL
                        ? xmlNewTextChild(parent, NULL, BAD_CAST name, text != NULL ? BAD_CAST text : NULL)
                        : NULL;
    xml->failed = xml->failed || node == NULL;
    return node;
}

void weiss_xml_set(weiss_xml *xml, xmlNode *node, const char *name, const char *format, ...)
{
    va_list args;
    char *value = NULL;
    va_start(args, format);
    if (vasprintf(&value, format, args) < 0)
        value = NULL;
    va_end(args);
    if (node == NULL || value == NULL || xmlNewProp(node, BAD_CAST name, BAD_CAST value) == NULL)
        xml->failed = true;
    free(value);
}

int weiss_xml_finish(weiss_xml *xml, char **out, weiss_fault *fault)
{
    xmlBuffer *buffer = xmlBufferCreate();
    *out = NULL;
    if (!xml->failed && buffer != NULL &&
        xmlNodeDump(buffer, xml->doc, xmlDocGetRootElement(xml->doc), 0, 1) > 0)
        *out = strdup((const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    xmlFreeDoc(xml->doc);
    xml->doc = NULL;
    return *out != NULL ? 0 : weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
}
