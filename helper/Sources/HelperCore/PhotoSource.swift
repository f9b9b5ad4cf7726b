import Foundation

/// Where originals come from: PhotoKit, or a fake in the tests. May be called
/// from any thread. Handlers may be called on any thread, before the call that
/// was given them returns, and after a request has ended.
public protocol PhotoSource: AnyObject, Sendable {
    /// `authorized` and so on; never asks, and never touches the library.
    func authorization() -> String

    /// Asks the user if the user was never asked.
    func authorize(_ done: @escaping (String) -> Void)

    /// Which of some assets are there, and why the library cannot be used.
    func probe(_ assets: [String]) -> (known: [String], unavailable: String?)

    /// The resources of an asset. Throws Failure.noAsset.
    func resources(of asset: String) throws -> [Resource]

    /// Asks for the bytes of a resource: `data` is called with each part in
    /// turn, then `completion` once.
    func request(
        _ resource: Resource, network: Bool, progress: @escaping (Double) -> Void,
        data: @escaping (Data) -> Void, completion: @escaping (Error?) -> Void
    ) -> Int32

    /// Asks for a request to end, which then completes with an error, or should.
    func cancel(_ request: Int32)
}

/// One file of an asset.
public struct Resource {
    public var type: Int  // raw value of PHAssetResourceType
    public var uti: String
    public var name: String
    public var handle: AnyObject?

    public init(type: Int, uti: String, name: String, handle: AnyObject? = nil) {
        self.type = type
        self.uti = uti
        self.name = name
        self.handle = handle
    }
}

extension FetchRequest {
    /// The resource that is meant: of the types that will do, one with the UTI
    /// before one without, then in the order of the types.
    func choose(from resources: [Resource]) -> Resource? {
        let fit = types.flatMap { type in resources.filter { $0.type == type.rawValue } }
        return fit.first { !uti.isEmpty && $0.uti == uti } ?? fit.first
    }
}
