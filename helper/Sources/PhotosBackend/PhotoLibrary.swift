import Foundation
import HelperCore
import Photos

/// The system photo library, through PhotoKit.
public final class PhotoLibrary: PhotoSource {
    public init() {}

    public func authorization() -> String {
        Self.name(PHPhotoLibrary.authorizationStatus(for: .readWrite))
    }

    public func authorize(_ done: @escaping (String) -> Void) {
        PHPhotoLibrary.requestAuthorization(for: .readWrite) { done(Self.name($0)) }
    }

    private static func name(_ status: PHAuthorizationStatus) -> String {
        switch status {
        case .notDetermined: return "notDetermined"
        case .restricted: return "restricted"
        case .denied: return "denied"
        case .authorized: return "authorized"
        case .limited: return "limited"
        @unknown default: return "unknown"
        }
    }

    public func probe(_ assets: [String]) -> (known: [String], unavailable: String?) {
        let library = PHPhotoLibrary.shared()
        if let reason = library.unavailabilityReason {
            return ([], reason.localizedDescription)
        }
        let found = fetch(assets)
        return (assets.filter { found[Self.bare($0)] != nil }, nil)
    }

    public func resources(of asset: String) throws -> [Resource] {
        guard let found = fetch([asset])[Self.bare(asset)] else { throw Failure.noAsset }
        return PHAssetResource.assetResources(for: found).map {
            Resource(type: $0.type.rawValue, uti: $0.uniformTypeIdentifier, name: $0.originalFilename, handle: $0)
        }
    }

    /// Finds assets by UUID. PhotoKit's identifiers have a suffix, mostly
    /// "/L0/001"; it leaves out what it does not know, and promises no order.
    private func fetch(_ assets: [String]) -> [String: PHAsset] {
        let options = PHFetchOptions()
        options.includeHiddenAssets = true
        options.includeAllBurstAssets = true
        options.includeAssetSourceTypes = [.typeUserLibrary, .typeCloudShared, .typeiTunesSynced]
        let identifiers = assets.flatMap { $0.contains("/") ? [$0] : [$0, $0 + "/L0/001"] }
        let result = PHAsset.fetchAssets(withLocalIdentifiers: identifiers, options: options)
        var found: [String: PHAsset] = [:]
        for i in 0..<result.count {
            let asset = result.object(at: i)
            found[Self.bare(asset.localIdentifier)] = asset
        }
        return found
    }

    private static func bare(_ identifier: String) -> String {
        identifier.prefix { $0 != "/" }.uppercased()
    }

    public func request(
        _ resource: Resource, network: Bool, progress: @escaping (Double) -> Void,
        data: @escaping (Data) -> Void, completion: @escaping (Error?) -> Void
    ) -> Int32 {
        guard let handle = resource.handle as? PHAssetResource else {
            completion(Failure.noResource)
            return PHInvalidAssetResourceDataRequestID
        }
        let options = PHAssetResourceRequestOptions()
        options.isNetworkAccessAllowed = network
        options.progressHandler = progress
        return PHAssetResourceManager.default().requestData(
            for: handle, options: options, dataReceivedHandler: data, completionHandler: completion)
    }

    public func cancel(_ request: Int32) {
        PHAssetResourceManager.default().cancelDataRequest(request)
    }
}
