import OVSDBModel
import OVSDBSession
import Schemas

/// An ACL_ID: the number that connections carry which shall outlive their ACL.
package struct ACLNumberRow: CopiedRow {
    package let origin: RowUUID
    package let number: Int

    package func row(over actual: SB.ACLID?, _ scene: Scene) -> SB.ACLID? {
        SB.ACLID(id: number)
    }
}
