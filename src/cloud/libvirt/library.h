/* The libraries of libvirt and libxml2, loaded only when a cluster is on libvirt: linked, they and what they need would be
 * loaded at every start of the program, and be shipped with it to every machine (60 MB). */
#ifndef WEISS_CLOUD_LIBVIRT_LIBRARY_H
#define WEISS_CLOUD_LIBVIRT_LIBRARY_H

#include "base/fault.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/tree.h>

/** The functions that are used. */
#define WEISS_LIBVIRT_FUNCTIONS(X)                                                                           \
    X(virConnectClose)                                                                                       \
    X(virConnectGetLibVersion)                                                                               \
    X(virConnectOpen)                                                                                        \
    X(virDomainCreateXML)                                                                                    \
    X(virDomainDestroy)                                                                                      \
    X(virDomainFree)                                                                                         \
    X(virDomainGetUUIDString)                                                                                \
    X(virDomainIsActive)                                                                                     \
    X(virDomainLookupByName)                                                                                 \
    X(virDomainLookupByUUIDString)                                                                           \
    X(virGetLastErrorCode)                                                                                   \
    X(virGetLastErrorMessage)                                                                                \
    X(virNetworkCreateXML)                                                                                   \
    X(virNetworkDestroy)                                                                                     \
    X(virNetworkFree)                                                                                        \
    X(virNetworkGetUUIDString)                                                                               \
    X(virNetworkLookupByName)                                                                                \
    X(virNetworkLookupByUUIDString)                                                                          \
    X(virSetErrorFunc)

#define WEISS_LIBXML_FUNCTIONS(X)                                                                            \
    X(xmlBufferContent)                                                                                      \
    X(xmlBufferCreate)                                                                                       \
    X(xmlBufferFree)                                                                                         \
    X(xmlDocGetRootElement)                                                                                  \
    X(xmlDocSetRootElement)                                                                                  \
    X(xmlFreeDoc)                                                                                            \
    X(xmlNewDoc)                                                                                             \
    X(xmlNewDocNode)                                                                                         \
    X(xmlNewNs)                                                                                              \
    X(xmlNewProp)                                                                                            \
    X(xmlNewTextChild)                                                                                       \
    X(xmlNodeDump)                                                                                           \
    X(xmlSetNs)

#define X(function) __typeof__(&function) function;
typedef struct weiss_libvirt {
    WEISS_LIBVIRT_FUNCTIONS(X)
} weiss_libvirt;

typedef struct weiss_libxml {
    WEISS_LIBXML_FUNCTIONS(X)
} weiss_libxml;
#undef X

/** Finds the functions; the libraries stay loaded. @return 0, WEISS_ERR_SYSTEM (the text names the package) */
int weiss_libvirt_load(weiss_libvirt *library, weiss_fault *fault);
int weiss_libxml_load(weiss_libxml *library, weiss_fault *fault);

#endif
