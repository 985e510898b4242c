/* Identity and metadata of a domain. */
#include "cloud/agent/instance-private.h"

#include "base/bytes.h"
#include "base/text.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <string.h>

#define LONGEST ((size_t)4 << 20) /* bytes of XML; libvirt's of a large domain has some ten thousand */
#define NOVA "http://openstack.org/xmlns/libvirt/nova/"

/** Namespaces that Nova has written its metadata in. */
static const char *const nova_spaces[] = {NOVA "1.1", NOVA "1.0"};

xmlNode *weiss_instance_child(const xmlNode *parent, const char *space, const char *name,
                              const xmlNode *after)
{
    xmlNode *node = after != NULL ? after->next : parent->children;
    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0)
            continue;
        const char *own = node->ns != NULL ? (const char *)node->ns->href : NULL;
        if (own == NULL ? space == NULL : space != NULL && strcmp(own, space) == 0)
            return node;
    }
    return NULL;
}

/** Copies a word that must fit. @p what names where it stands */
static int take_word(xmlChar *text, const xmlNode *node, const char *name, char *out, size_t room,
                     weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    if (text == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    size_t length = strlen((const char *)text);
    int code = 1;
    if (length == 0 || length >= room)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "line %ld, <%s>: expected %s of 1 to %zu bytes, found \"%s\"",
                               xmlGetLineNo(node), (const char *)node->name, name, room - 1,
                               weiss_text_show((const char *)text, shown));
    else
        memcpy(out, text, length + 1);
    xmlFree(text);
    return code;
}

int weiss_instance_attribute(const xmlNode *node, const char *name, char *out, size_t room,
                             weiss_fault *fault)
{
    if (xmlHasNsProp(node, BAD_CAST name, NULL) == NULL)
        return 0;
    return take_word(xmlGetNoNsProp(node, BAD_CAST name), node, name, out, room, fault);
}

static int missing(const xmlNode *parent, const char *what, weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "line %ld, <%s>: expected %s, which is not there",
                           xmlGetLineNo(parent), (const char *)parent->name, what);
}

/** Text of a child that must be there and fit. */
static int child_text(const xmlNode *parent, const char *name, char *out, size_t room, weiss_fault *fault)
{
    const xmlNode *node = weiss_instance_child(parent, NULL, name, NULL);
    if (node == NULL)
        return missing(parent, name, fault);
    int code = take_word(xmlNodeGetContent(node), node, name, out, room, fault);
    return code > 0 ? 0 : code;
}

/** Text that its owner chose, and that only persons read: what does not fit is cut off, between two characters. */
static int child_label(const xmlNode *parent, const char *space, const char *name, char out[WEISS_AGENT_WORD],
                       weiss_fault *fault)
{
    const xmlNode *node = weiss_instance_child(parent, space, name, NULL);
    out[0] = '\0';
    if (node == NULL)
        return 0;
    xmlChar *text = xmlNodeGetContent(node);
    if (text == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    size_t length = strlen((const char *)text);
    if (length >= WEISS_AGENT_WORD) {
        length = WEISS_AGENT_WORD - 1;
        while (length > 0 && (text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    xmlFree(text);
    return 0;
}

/** Letters of a UUID to small ones. @return false: it is none */
static bool is_uuid(char *text)
{
    static const char form[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        text[i] = (char)tolower((unsigned char)text[i]);
        if (form[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

static int read_identity(const xmlNode *domain, weiss_instance *instance, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    char uuid[WEISS_AGENT_UUID];
    WEISS_FAULT_TRY(child_text(domain, "uuid", uuid, sizeof uuid, fault));
    if (!is_uuid(uuid))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "<uuid>: expected a UUID, found \"%s\"",
                               weiss_text_show(uuid, shown));
    memcpy(instance->uuid, uuid, sizeof uuid);
    WEISS_FAULT_TRY(child_text(domain, "name", instance->domain, sizeof instance->domain, fault));
    memcpy(instance->name, instance->domain, sizeof instance->name);
    return 0;
}

static int read_owner(const xmlNode *nova, const char *space, weiss_instance *instance, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    const xmlNode *owner = weiss_instance_child(nova, space, "owner", NULL);
    if (owner == NULL)
        return missing(nova, "owner", fault);
    const xmlNode *project = weiss_instance_child(owner, space, "project", NULL);
    if (project == NULL)
        return missing(owner, "project", fault);
    int code = weiss_instance_attribute(project, "uuid", instance->project, sizeof instance->project, fault);
    if (code < 0)
        return code;
    if (code == 0)
        return missing(project, "uuid", fault);
    if (instance->project[strspn(instance->project, "0123456789abcdefABCDEF-")] != '\0') {
        weiss_text_show(instance->project, shown);
        instance->project[0] = '\0';
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "line %ld, <project>: expected uuid of hexadecimal digits, found \"%s\"",
                               xmlGetLineNo(project), shown);
    }
    return child_label(owner, space, "project", instance->project_name, fault);
}

static int read_nova(const xmlNode *nova, const char *space, weiss_instance *instance, weiss_fault *fault)
{
    instance->nova = true;
    WEISS_FAULT_TRY(child_label(nova, space, "name", instance->name, fault));
    const xmlNode *flavor = weiss_instance_child(nova, space, "flavor", NULL);
    if (flavor == NULL)
        return missing(nova, "flavor", fault);
    int code = weiss_instance_attribute(flavor, "name", instance->flavor, sizeof instance->flavor, fault);
    if (code <= 0)
        return code < 0 ? code : missing(flavor, "name", fault);
    return read_owner(nova, space, instance, fault);
}

/** The element of our own: a group that the administrator of a host named. */
static int read_share(const xmlNode *share, weiss_instance *instance, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], size[32];
    int code = weiss_instance_attribute(share, "group", instance->group, sizeof instance->group, fault);
    if (code <= 0)
        return code < 0 ? code : missing(share, "group", fault);
    for (const char *c = instance->group; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL) {
            weiss_text_show(instance->group, shown);
            instance->group[0] = '\0';
            return weiss_fault_set(
                fault, WEISS_ERR_VALUE,
                "line %ld, <share>: expected group of letters, digits, -, _ and ., found \"%s\"",
                xmlGetLineNo(share), shown);
        }
    code = weiss_instance_attribute(share, "size", size, sizeof size, fault);
    if (code > 0 && !weiss_bytes_parse(size, &instance->bytes))
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "line %ld, <share>: expected size with its unit (B, KiB, MiB, GiB or TiB) such "
            "as \"64 MiB\", found \"%s\"",
            xmlGetLineNo(share), weiss_text_show(size, shown));
    return code < 0 ? code : 0;
}

/** Metadata of Nova, or else the element of our own. */
static int read_metadata(const xmlNode *domain, weiss_instance *instance, weiss_fault *fault)
{
    const xmlNode *metadata = weiss_instance_child(domain, NULL, "metadata", NULL), *found = NULL;
    const char *space = NULL;
    if (metadata == NULL)
        return 0;
    for (size_t i = 0; i < sizeof nova_spaces / sizeof *nova_spaces; i++) {
        const xmlNode *nova = NULL;
        while ((nova = weiss_instance_child(metadata, nova_spaces[i], "instance", nova)) != NULL) {
            if (found != NULL)
                return weiss_fault_set(fault, WEISS_ERR_VALUE,
                                       "line %ld, <metadata>: expected one element of Nova's, found two",
                                       xmlGetLineNo(nova));
            found = nova;
            space = nova_spaces[i];
        }
    }
    if (found != NULL)
        return read_nova(found, space, instance, fault);
    const xmlNode *share = weiss_instance_child(metadata, WEISS_AGENT_NAMESPACE, "share", NULL);
    return share != NULL ? read_share(share, instance, fault) : 0;
}

static int read_document(const xmlDoc *doc, weiss_instance *instance, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    const xmlNode *domain = xmlDocGetRootElement(doc);
    if (doc->intSubset != NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "it has a DOCTYPE; expected none");
    if (strcmp((const char *)domain->name, "domain") != 0 || domain->ns != NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "expected <domain>, found <%s>%s",
                               weiss_text_show((const char *)domain->name, shown),
                               domain->ns != NULL ? " of a namespace" : "");
    WEISS_FAULT_TRY(read_identity(domain, instance, fault));
    WEISS_FAULT_TRY(read_metadata(domain, instance, fault));
    return weiss_instance_read_devices(domain, instance, fault);
}

static int broken(const xmlError *error, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], text[WEISS_TEXT_SHOWN];
    if (error == NULL || error->message == NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "it is no XML");
    if (error->code == XML_ERR_NO_MEMORY)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    size_t length = strcspn(error->message, "\n");
    length = length < sizeof text ? length : sizeof text - 1;
    memcpy(text, error->message, length);
    text[length] = '\0';
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "line %d: %s", error->line, weiss_text_show(text, shown));
}

static int parse(const char *xml, size_t length, weiss_instance *instance, weiss_fault *fault)
{
    if (length > LONGEST)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "it has %zu bytes; expected %zu at most", length,
                               LONGEST);
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (parser == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    xmlDoc *doc = xmlCtxtReadMemory(parser, xml, (int)length, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    int code = doc != NULL ? read_document(doc, instance, fault) : broken(xmlCtxtGetLastError(parser), fault);
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(parser);
    return code;
}

int weiss_instance_read(const char *xml, size_t length, weiss_instance *instance, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_fault own;
    weiss_fault_clear(&own);
    *instance = (weiss_instance){.machine = WEISS_MACHINE_OTHER, .port = -1};
    int code = parse(xml, length, instance, &own);
    if (code == 0)
        return 0;
    return weiss_fault_set(fault, code, "the XML of the domain%s%s cannot be used: %s",
                           instance->domain[0] != '\0' ? " " : "", weiss_text_show(instance->domain, shown),
                           own.text);
}
