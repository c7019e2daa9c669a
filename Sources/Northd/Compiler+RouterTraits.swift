import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// The groups of routers that a router is in, for flows that don't name it.
    static func groups(
        ofRouter key: RowUUID, _ model: Model, _ translations: Translations,
        _ balancing: LoadBalancing, _ context: Context
    ) -> [DatapathGroup] {
        let traits = traits(of: key, model, translations, balancing, context)
        let copp = (context.read(model.gateways.routers, key) ?? nil)?.copp
        return traits.map { trait in
            copp.map { .meteredRouters(trait, $0) } ?? .routers(trait)
        }
    }

    private static func traits(
        of key: RowUUID, _ model: Model, _ translations: Translations, _ balancing: LoadBalancing,
        _ context: Context
    ) -> [RouterTrait] {
        guard let router = context.read(model.gateways.routers, key) ?? nil else { return [] }
        var traits: [RouterTrait] = [
            .any, router.learnsFromRequests ? .learnsFromRequests : .learnsFromReplies,
            !router.relaysMulticast
                ? .dropsMulticast
                : model.floodsMulticast(key, context) ? .floodsMulticast : .relaysMulticast,
        ]
        let isBalanced = context.read(balancing.balancedDatapaths, key) != nil
        if isBalanced { traits.append(.balances) }
        guard router.isGatewayRouter else { return traits }
        let commitsAll = model.commitsAll(key, translations, balancing, context)
        if isBalanced || context.first(translations.byRouter, key) != nil {
            traits.append(.translates)
            if !commitsAll { traits.append(.tracksReplies) }
        }
        if commitsAll { traits.append(.commitsAll) }
        return traits
    }
}
