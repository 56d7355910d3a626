/* How a static program with glibc looks names up: by /etc/hosts and DNS.
 *
 * glibc would ask the modules that /etc/nsswitch.conf lists. It can load these into a static program too, but only those of its own
 * version, and crashes with others. `files` and `dns` are part of it.
 *
 * Linked by build.rs where the target feature `crt-static` is on; other programs look names up as their machine is set up.
 */
#include <nss.h>

__attribute__((constructor)) static void look_names_up_without_modules(void)
{
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("passwd", "files");
}
