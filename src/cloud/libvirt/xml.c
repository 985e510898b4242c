#include "cloud/libvirt/xml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int weiss_xml_start(weiss_xml *xml, const char *name, xmlNode **root, weiss_fault *fault)
{
    *xml = (weiss_xml){.doc = NULL};
    *root = NULL;
    WEISS_FAULT_TRY(weiss_libxml_load(&xml->lib, fault));
    xml->doc = xml->lib.xmlNewDoc(BAD_CAST "1.0");
    if (xml->doc != NULL)
        *root = xml->lib.xmlNewDocNode(xml->doc, NULL, BAD_CAST name, NULL);
    if (*root != NULL)
        xml->lib.xmlDocSetRootElement(xml->doc, *root);
    xml->failed = *root == NULL;
    return 0;
}

xmlNode *weiss_xml_add(weiss_xml *xml, xmlNode *parent, const char *name, const char *text)
{
    /* xmlNewTextChild quotes what needs it; xmlNewChild does not. */
    xmlNode *node = parent != NULL ? xml->lib.xmlNewTextChild(parent, NULL, BAD_CAST name,
                                                              text != NULL ? BAD_CAST text : NULL)
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
    if (node == NULL || value == NULL || xml->lib.xmlNewProp(node, BAD_CAST name, BAD_CAST value) == NULL)
        xml->failed = true;
    free(value);
}

xmlNs *weiss_xml_declare(weiss_xml *xml, xmlNode *node, const char *name, const char *prefix)
{
    xmlNs *space = node != NULL ? xml->lib.xmlNewNs(node, BAD_CAST name, BAD_CAST prefix) : NULL;
    xml->failed = xml->failed || space == NULL;
    return space;
}

void weiss_xml_put(weiss_xml *xml, xmlNode *node, xmlNs *space)
{
    if (node != NULL && space != NULL)
        xml->lib.xmlSetNs(node, space);
}

int weiss_xml_finish(weiss_xml *xml, char **out, weiss_fault *fault)
{
    xmlBuffer *buffer = xml->lib.xmlBufferCreate();
    *out = NULL;
    if (!xml->failed && buffer != NULL &&
        xml->lib.xmlNodeDump(buffer, xml->doc, xml->lib.xmlDocGetRootElement(xml->doc), 0, 1) > 0)
        *out = strdup((const char *)xml->lib.xmlBufferContent(buffer));
    if (buffer != NULL)
        xml->lib.xmlBufferFree(buffer);
    xml->lib.xmlFreeDoc(xml->doc);
    xml->doc = NULL;
    return *out != NULL ? 0 : weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
}
