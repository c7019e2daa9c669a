import AgentCore
import Datapath
import Netlink

/// The kernel's form of what the flows of one path have in common.
struct EncodedTemplate {
    let actions: EncodedActions
    /// Nil if the kernel would not take it.
    let mask: EncodedMask?
}

/// The kernel's forms of the templates in use, by their numbers.
struct EncodingMemo {
    private var forms: [(template: FlowTemplate, form: EncodedTemplate)?] = []

    /// - Parameter encode: makes the form of a template that is not known.
    mutating func form(
        of template: FlowTemplate, _ encode: (FlowTemplate) -> EncodedTemplate
    ) -> EncodedTemplate {
        let place = template.number
        if place >= forms.count {
            forms += repeatElement(nil, count: place + 1 - forms.count)
        }
        // Numbers are given again when paths are forgotten.
        if let known = forms[place], known.template === template { return known.form }
        let form = encode(template)
        forms[place] = (template, form)
        return form
    }
}
