/// The version of the link's frames. Workers speak version 2. A manager takes both, so that it can be restarted before
/// the workers of the older release.
public enum LinkVersion: UInt8, Sendable {
    /// Release 1: polls and mailboxes only, a tag of six bits, and flags whose meaning depends on the op.
    case one = 1
    case two = 2
}
