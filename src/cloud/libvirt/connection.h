/* A connection to libvirt, and what is said when it refuses something. */
#ifndef WEISS_CLOUD_LIBVIRT_CONNECTION_H
#define WEISS_CLOUD_LIBVIRT_CONNECTION_H

#include "cloud/libvirt/domains.h"
#include "cloud/libvirt/library.h"

/** A connection and the functions that work with it. */
typedef struct weiss_connection {
    weiss_libvirt lib;
    virConnectPtr connection; /**< NULL: none */
} weiss_connection;

/** Connects. Messages of libvirt go nowhere but into faults.
 *  @param[out] c  closed by the caller with weiss_libvirt_close, unless this failed
 *  @return 0, WEISS_ERR_SYSTEM (the text says what to do) */
int weiss_libvirt_connect(const char *uri, weiss_connection *c, weiss_fault *fault);
void weiss_libvirt_close(weiss_connection *c);
/** Text of libvirt's last error. */
const char *weiss_libvirt_error(const weiss_connection *c);

#endif
