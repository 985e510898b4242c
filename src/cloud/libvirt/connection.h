/* A connection to libvirt, and what is said when it refuses something. */
#ifndef WEISS_CLOUD_LIBVIRT_CONNECTION_H
#define WEISS_CLOUD_LIBVIRT_CONNECTION_H

#include "cloud/libvirt/domains.h"

#include <libvirt/libvirt.h>

/** Connects. Messages of libvirt go nowhere but into faults.
 *  @param[out] connection  closed by the caller with virConnectClose; NULL on failure
 *  @return 0, WEISS_ERR_SYSTEM (the text says what to do) */
int weiss_libvirt_connect(const char *uri, virConnectPtr *connection, weiss_fault *fault);
/** Text of libvirt's last error. */
const char *weiss_libvirt_error(void);

#endif
