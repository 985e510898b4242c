/* XML, written element by element. Errors are kept until the end, so that no call needs a look at its result. */
#ifndef WEISS_CLOUD_LIBVIRT_XML_H
#define WEISS_CLOUD_LIBVIRT_XML_H

#include "cloud/libvirt/library.h"

#include <stdbool.h>

typedef struct weiss_xml {
    weiss_libxml lib;
    xmlDoc *doc;
    bool failed; /**< memory ran out */
} weiss_xml;

/** Starts a document. @param[out] root  NULL without memory @return 0, WEISS_ERR_SYSTEM (libxml2 is missing) */
int weiss_xml_start(weiss_xml *xml, const char *name, xmlNode **root, weiss_fault *fault);
/** Adds an element. @param text  its text; NULL: none @return it; NULL without memory, or when @p parent is NULL */
xmlNode *weiss_xml_add(weiss_xml *xml, xmlNode *parent, const char *name, const char *text);
/** Sets an attribute. */
void weiss_xml_set(weiss_xml *xml, xmlNode *node, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Declares the namespace @p name with the prefix @p prefix, and puts a node into it. */
xmlNs *weiss_xml_declare(weiss_xml *xml, xmlNode *node, const char *name, const char *prefix);
void weiss_xml_put(weiss_xml *xml, xmlNode *node, xmlNs *space);
/** Ends a document. @param[out] out  the text, without the line <?xml ...?>; freed by the caller
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_xml_finish(weiss_xml *xml, char **out, weiss_fault *fault);

#endif
