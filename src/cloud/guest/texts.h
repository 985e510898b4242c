/* Scripts of this folder as text. */
#ifndef WEISS_CLOUD_GUEST_TEXTS_H
#define WEISS_CLOUD_GUEST_TEXTS_H

extern const char weiss_text_make_image[]; /**< run by /bin/sh on this machine: kernel, initrd, root image */
extern const char
    weiss_text_prepare_lab[]; /**< run by /bin/sh on this machine: keys, ssh settings, disk of one lab */
extern const char weiss_text_make_disk[]; /**< run by /bin/sh on this machine: parts of a disk for users' machines */
extern const char weiss_text_export_disk[]; /**< run by /bin/sh on this machine: the disk, from its parts */
extern const char
    weiss_text_prepare_instance[]; /**< run by /bin/sh in an instance of a cloud: makes it a machine of a cluster */
extern const char weiss_text_initrd_init[]; /**< first program of a guest */
extern const char weiss_text_guest_init[]; /**< second one, on the root image */

#endif
