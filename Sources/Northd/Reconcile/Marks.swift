/// Which elements of a set may differ from what the database has.
enum Marks<Element: Hashable & Sendable>: Sendable {
    case some(Set<Element>)
    case all

    mutating func mark(_ element: Element) {
        switch self {
        case .all: break
        case .some(var elements):
            self = .all
            elements.insert(element)
            self = .some(elements)
        }
    }

    mutating func merge(_ other: Marks<Element>) {
        switch (self, other) {
        case (.all, _), (_, .all): self = .all
        case (.some(let mine), .some(let others)): self = .some(mine.union(others))
        }
    }
}

extension Dictionary {
    /// Marks one element of the set called `key`.
    mutating func mark<Element>(_ element: Element, of key: Key)
    where Value == Marks<Element> {
        self[key, default: .some([])].mark(element)
    }

    mutating func mergeMarks<Element>(_ other: [Key: Value]) where Value == Marks<Element> {
        for (key, marks) in other { self[key, default: .some([])].merge(marks) }
    }
}
