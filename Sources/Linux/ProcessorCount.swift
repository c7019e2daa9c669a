import Glibc

package enum ProcessorCount {
    /// Processors that the system may ever have online, at least 1.
    package static var possible: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))) }
}
