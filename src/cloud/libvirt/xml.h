/* XML, written element by element. Errors are kept until the end, so that no call needs a look at its result. */
#ifndef WEISS_CLOUD_LIBVIRT_XML_H
#define WEISS_CLOUD_LIBVIRT_XML_H

#include "base/fault.h"

#include <libxml/tree.h>
#include <stdbool.h>

typedef struct weiss_xml {
    xmlDoc *doc;
    bool failed; /**< memory ran out */
} weiss_xml;

/** Starts a document. @return its root; NULL without memory */
xmlNode *weiss_xml_start(weiss_xml *xml, const char *root);
/** Adds an element. @param text  its text; NULL: none @return it; NULL without memory, or when @p parent is NULL */
xmlNode *weiss_xml_add(weiss_xml *xml, xmlNode *parent, const char *name, const char *text);
/** Sets an attribute. */
void weiss_xml_set(weiss_xml *xml, xmlNode *node, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Ends a document. @param[out] out  the text, without the line <?xml ...?>; freed by the caller
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_xml_finish(weiss_xml *xml, char **out, weiss_fault *fault);

#endif
