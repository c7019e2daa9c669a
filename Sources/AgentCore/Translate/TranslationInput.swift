import Datapath
import Pipeline

/// Everything a translation reads beside the packet. It never changes.
package final class TranslationSnapshot: Sendable {
    /// Counts snapshots; a later one is larger.
    package let revision: UInt64
    package let pipeline: PipelineSnapshot
    package let view: PhysicalView

    package init(revision: UInt64, pipeline: PipelineSnapshot, view: PhysicalView) {
        self.revision = revision
        self.pipeline = pipeline
        self.view = view
    }
}

package struct TranslationLimits: Sendable {
    /// Tables that one packet may visit, all copies together.
    package var steps = 4096
    /// Copies of one packet that may go out.
    package var outputs = 4096
    /// Flows whose actions may still run inside each other.
    package var depth = 256
    /// Times that one packet may come back from the kernel.
    package var recirculations = 64
    /// Bytes of actions that the kernel takes for one flow.
    package var actionBytes = KernelLimits.actionBytes

    package init() {}
}

/// What to translate.
package struct TranslationInput: Sendable {
    package var key: FlowKey
    /// Nil where only the key is known (a flow is checked again).
    package var frame: [UInt8]?
    /// The netlink port that hears packets of this flow which the kernel can't serve.
    package var upcallPort: UInt32

    package init(key: FlowKey, frame: [UInt8]?, upcallPort: UInt32) {
        self.key = key
        self.frame = frame
        self.upcallPort = upcallPort
    }
}

/// What the agent's `userspace` actions carry, so that a packet that comes up says why.
package enum UpcallCookie {
    /// Eight bytes: a name and a version.
    package static let slowPath: [UInt8] = Array("ovn-slw1".utf8)
}
