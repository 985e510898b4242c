/* Machines of a lab that libvirt runs in place of QEMU as the lab's own child. */
#ifndef WEISS_CLOUD_LIBVIRT_MACHINES_H
#define WEISS_CLOUD_LIBVIRT_MACHINES_H

#include "cloud/lab/private.h"

/** Starts the network when libvirt has one for the lab, else does nothing; or prints it. @return 0, WEISS_ERR_SYSTEM */
int weiss_lab_start_domain_network(weiss_lab *lab, weiss_fault *fault);
/** Starts machine @p index (from 0), or prints it. @return 0, WEISS_ERR_SYSTEM, WEISS_ERR_FILE */
int weiss_lab_start_domain(weiss_lab *lab, int index, weiss_fault *fault);

#endif
