/* What cloud-init in an instance is told. */
#ifndef WEISS_CLOUD_OPENSTACK_USER_DATA_H
#define WEISS_CLOUD_OPENSTACK_USER_DATA_H

#include <stddef.h>

/** User data of an instance, in base64 as Nova takes it: root can log in with the key pair; packages are installed.
 *  @param packages  separated by blanks; "" for none @return @p out, "" when it is too long */
char *weiss_cloud_user_data(const char *packages, char *out, size_t size);

#endif
