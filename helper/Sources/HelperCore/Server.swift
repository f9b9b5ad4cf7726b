import Foundation

/// The helper's whole work between lines in and lines out.
public final class Server: @unchecked Sendable {
    private let source: PhotoSource
    private let output: (Data) -> Void
    private let end: (Int32) -> Void

    /// Guards all state; nothing on it waits for PhotoKit.
    private let queue = DispatchQueue(label: "server")
    private let work = DispatchQueue(label: "work", attributes: .concurrent)
    private var reader = LineReader()
    private var settings: Settings?
    private var waiting: [FetchRequest] = []
    private var running: [Int64: Transfer] = [:]
    private var lingering: [Int64: TimeInterval] = [:]  // since when
    private var abandoned = 0
    private var ending = false
    private var timer: DispatchSourceTimer?
    private var lastTick = uptime()
    private let awake = KeepAwake()

    /// Requests that wait here; photogo sends no more than it has jobs.
    private let most = 256

    public static let exitVersion: Int32 = 64
    public static let exitAbandoned: Int32 = 75

    /// `output` takes whole lines, from any thread but one at a time; `end` is
    /// called once, with an exit code.
    public init(source: PhotoSource, output: @escaping (Data) -> Void, end: @escaping (Int32) -> Void) {
        self.source = source
        let lock = NSLock()
        self.output = { line in
            lock.lock()
            output(line)
            lock.unlock()
        }
        self.end = end
    }

    /// Takes bytes of stdin. Returns when they are dealt with, so that a photogo
    /// that says too much waits.
    public func take(_ bytes: Data) {
        withPool { queue.sync { serve(reader.take(bytes)) } }
    }

    /// The end of stdin.
    public func close() {
        queue.sync { quit(0) }
    }

    private func say(_ event: Event) { output(event.line) }

    private func complain(_ message: String) {
        var e = Event("error")
        e.message = message
        say(e)
    }

    private func serve(_ lines: [Data?]) {
        for line in lines {
            do {
                guard let line else { throw Nonsense(message: "a line that is too long") }
                serve(try Request(line: line))
            } catch {
                complain((error as? Nonsense)?.message ?? "\(error)")
            }
        }
    }

    private func serve(_ request: Request) {
        guard !ending else { return }
        if settings == nil {
            guard case .hello = request else {
                complain("a request before hello")
                return
            }
        }
        switch request {
        case .hello(let version, let wanted):
            hello(version, wanted)
        case .status(let id, let probe):
            work.async { withPool { self.status(id, probe, self.source.authorization()) } }
        case .authorize(let id):
            source.authorize { answer in self.work.async { withPool { self.status(id, [], answer) } } }
        case .fetch(let fetch):
            guard running[fetch.id] == nil, !waiting.contains(where: { $0.id == fetch.id }) else {
                complain("an id that is in use")
                return
            }
            guard waiting.count < most else {
                complain("too many requests")
                return
            }
            waiting.append(fetch)
            next()
        case .cancel(let id):
            if let i = waiting.firstIndex(where: { $0.id == id }) {
                waiting.remove(at: i)
                say(Failure(.cancelled, code: 3072, "cancelled").event(id: id, tries: 0))
            } else if let transfer = running[id] {
                linger(transfer, transfer.cancel(transfer.cancelled()))
            }
        case .quit:
            quit(0)
        }
    }

    private func hello(_ version: Int, _ wanted: Settings) {
        var e = Event("hello")
        e.protocol = protocolVersion
        e.helper = "1"
        e.system = cut(ProcessInfo.processInfo.operatingSystemVersionString)
        say(e)
        guard version == protocolVersion else {
            quit(Self.exitVersion)
            return
        }
        guard settings == nil else { return }
        settings = wanted
        let t = DispatchSource.makeTimerSource(queue: queue)
        t.schedule(deadline: .now() + 0.25, repeating: 0.25)
        t.setEventHandler { [weak self] in self?.tick() }
        t.resume()
        timer = t
    }

    private func status(_ id: Int64, _ probe: [String], _ authorization: String) {
        var e = Event("status", id: id)
        e.authorization = authorization
        // Before the consent the library is not touched: PhotoKit would go on
        // refusing in this process.
        if authorization == "authorized" {
            let found = source.probe(probe)
            e.known = found.known
            e.unavailable = found.unavailable.map(cut)
        }
        say(e)
    }

    /// Starts what waits, as far as PhotoKit is to have it.
    private func next() {
        guard let settings else { return }
        while running.count < settings.jobs, !waiting.isEmpty, !ending {
            let request = waiting.removeFirst()
            let transfer = Transfer(request, settings: settings, source: source, say: say) { [weak self] in
                guard let self else { return }
                self.queue.async { self.release(request.id) }
            }
            running[request.id] = transfer
            work.async { withPool { transfer.start() } }
        }
        awake.set(!running.isEmpty)
    }

    private func release(_ id: Int64) {
        running[id] = nil
        lingering[id] = nil
        next()
    }

    private func linger(_ transfer: Transfer, _ left: Bool) {
        if left { lingering[transfer.request.id] = lingering[transfer.request.id] ?? uptime() }
    }

    private func tick() {
        guard let settings, !ending else { return }
        let now = uptime()
        // The machine slept, or macOS froze the process: nobody's fault.
        let gap = now - lastTick > 30 ? now - lastTick : 0
        lastTick = now
        for transfer in running.values {
            if transfer.checkStall(gap: gap) || transfer.lingering { linger(transfer, transfer.lingering) }
        }
        for (id, since) in lingering where now - since - gap > settings.grace {
            abandoned += 1
            release(id)
        }
        if abandoned >= settings.abandon {
            var e = Event("bye")
            e.reason = "abandoned"
            say(e)
            quit(Self.exitAbandoned)
        }
    }

    private func quit(_ code: Int32) {
        guard !ending else { return }
        ending = true
        timer?.cancel()
        for transfer in running.values { transfer.cancel(transfer.cancelled()) }
        running = [:]
        waiting = []
        awake.set(false)
        end(code)
    }
}
