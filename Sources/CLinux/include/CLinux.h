#ifndef SWIFT_OVN_CLINUX_H
#define SWIFT_OVN_CLINUX_H
#endif
