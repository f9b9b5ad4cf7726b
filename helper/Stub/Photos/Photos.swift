// The part of PhotoKit that the helper uses, declared as Apple does, for systems
// without it. What it does, a script says: see Script.swift. Not built on macOS.
import Foundation

public enum PHAssetResourceType: Int, Sendable {
    case photo = 1
    case video = 2
    case audio = 3
    case alternatePhoto = 4
    case fullSizePhoto = 5
    case fullSizeVideo = 6
    case adjustmentData = 7
    case adjustmentBasePhoto = 8
    case pairedVideo = 9
    case fullSizePairedVideo = 10
    case adjustmentBasePairedVideo = 11
    case adjustmentBaseVideo = 12
}

public enum PHAuthorizationStatus: Int, Sendable {
    case notDetermined = 0
    case restricted = 1
    case denied = 2
    case authorized = 3
    case limited = 4
}

public enum PHAccessLevel: Int, Sendable {
    case addOnly = 1
    case readWrite = 2
}

public struct PHAssetSourceType: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let typeUserLibrary = PHAssetSourceType(rawValue: 1)
    public static let typeCloudShared = PHAssetSourceType(rawValue: 2)
    public static let typeiTunesSynced = PHAssetSourceType(rawValue: 4)
}

public typealias PHAssetResourceProgressHandler = (Double) -> Void
public typealias PHAssetResourceDataRequestID = Int32
public let PHInvalidAssetResourceDataRequestID: PHAssetResourceDataRequestID = 0

open class PHObject: NSObject {
    public let localIdentifier: String
    init(localIdentifier: String) { self.localIdentifier = localIdentifier }
}

open class PHFetchOptions: NSObject {
    public var includeHiddenAssets = false
    public var includeAllBurstAssets = false
    public var includeAssetSourceTypes: PHAssetSourceType = []
}

open class PHFetchResult<ObjectType: AnyObject>: NSObject {
    private let objects: [ObjectType]
    init(_ objects: [ObjectType]) { self.objects = objects }
    open var count: Int { objects.count }
    open var firstObject: ObjectType? { objects.first }
    open func object(at index: Int) -> ObjectType { objects[index] }
}

open class PHAsset: PHObject {
    let scripted: Script.Asset

    init(_ uuid: String, is scripted: Script.Asset) {
        self.scripted = scripted
        super.init(localIdentifier: uuid + "/L0/001")
    }

    open class func fetchAssets(withLocalIdentifiers identifiers: [String], options: PHFetchOptions?) -> PHFetchResult<PHAsset> {
        let script = Script.shared
        script.touch()
        var found: [String: Script.Asset] = [:]
        for identifier in identifiers {
            let uuid = identifier.hasSuffix("/L0/001") ? String(identifier.dropLast(7)) : identifier
            guard let asset = script.asset(uuid) else { continue }
            if asset.hidden ?? false && !(options?.includeHiddenAssets ?? false) { continue }
            found[uuid] = asset
        }
        // In no order that was asked for.
        return PHFetchResult(found.map { PHAsset($0, is: $1) })
    }
}

open class PHAssetResource: NSObject {
    public let type: PHAssetResourceType
    public let assetLocalIdentifier: String
    public let originalFilename: String
    public let uniformTypeIdentifier: String
    let scripted: Script.Resource

    init(_ scripted: Script.Resource, type: PHAssetResourceType, of asset: String) {
        self.type = type
        self.scripted = scripted
        assetLocalIdentifier = asset
        originalFilename = scripted.name ?? ""
        uniformTypeIdentifier = scripted.uti ?? "public.data"
    }

    open class func assetResources(for asset: PHAsset) -> [PHAssetResource] {
        asset.scripted.resources.compactMap { scripted in
            PHAssetResourceType(rawValue: scripted.type).map { PHAssetResource(scripted, type: $0, of: asset.localIdentifier) }
        }
    }
}

open class PHAssetResourceRequestOptions: NSObject, NSCopying {
    public var isNetworkAccessAllowed = false
    public var progressHandler: PHAssetResourceProgressHandler?

    open func copy(with zone: NSZone? = nil) -> Any {
        let copy = PHAssetResourceRequestOptions()
        copy.isNetworkAccessAllowed = isNetworkAccessAllowed
        copy.progressHandler = progressHandler
        return copy
    }
}

open class PHAssetResourceManager: NSObject {
    private static let only = PHAssetResourceManager()
    open class func `default`() -> PHAssetResourceManager { only }

    private let lock = NSLock()
    private var last: PHAssetResourceDataRequestID = 0
    private var cancelled: [PHAssetResourceDataRequestID: Cancellation] = [:]

    @discardableResult
    open func requestData(
        for resource: PHAssetResource, options: PHAssetResourceRequestOptions?,
        dataReceivedHandler handler: @escaping (Data) -> Void, completionHandler: @escaping ((any Error)?) -> Void
    ) -> PHAssetResourceDataRequestID {
        lock.lock()
        last += 1
        let id = last
        let cancellation = Cancellation()
        cancelled[id] = cancellation
        lock.unlock()
        let copy = options?.copy() as? PHAssetResourceRequestOptions
        let act = Script.shared.act(of: resource)
        let play = {
            Script.shared.play(act, resource, copy, cancellation, handler, completionHandler)
            self.lock.lock()
            self.cancelled[id] = nil
            self.lock.unlock()
        }
        if act.sync ?? false {
            play()
        } else {
            DispatchQueue(label: "request").async(execute: DispatchWorkItem(block: play))
        }
        return id
    }

    open func cancelDataRequest(_ requestID: PHAssetResourceDataRequestID) {
        lock.lock()
        let found = cancelled[requestID]
        lock.unlock()
        found?.cancel()
    }
}

open class PHPhotoLibrary: NSObject {
    private static let only = PHPhotoLibrary()
    open class func shared() -> PHPhotoLibrary { only }

    open class func authorizationStatus(for accessLevel: PHAccessLevel) -> PHAuthorizationStatus {
        Script.shared.authorization
    }

    open class func requestAuthorization(for accessLevel: PHAccessLevel, handler: @escaping @Sendable (PHAuthorizationStatus) -> Void) {
        DispatchQueue.global().async { handler(Script.shared.ask()) }
    }

    open var unavailabilityReason: (any Error)? { Script.shared.unavailable }
}
