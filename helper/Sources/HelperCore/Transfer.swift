import Foundation

/// One request of photogo on its way through PhotoKit. PhotoKit may answer at
/// once, on any thread, twice, after the end, or never; photogo gets one answer.
final class Transfer: @unchecked Sendable {
    let request: FetchRequest
    private let settings: Settings
    private let source: PhotoSource
    private let say: (Event) -> Void
    private let ended: () -> Void

    private let lock = NSLock()
    private var attempt = 0  // handlers of an earlier one are not listened to
    private var token: Int32?
    private var file: PartFile?
    private var bytes: Int64 = 0
    private var fraction = 0.0
    private var moved = uptime()
    private var told = uptime()  // when progress was last told; what comes at once needs none
    private var answered = false
    private var over = false  // PhotoKit has completed the attempt

    /// `ended` is called once PhotoKit is done with the request and photogo has
    /// its answer, in whichever order.
    init(
        _ request: FetchRequest, settings: Settings, source: PhotoSource, say: @escaping (Event) -> Void,
        ended: @escaping () -> Void
    ) {
        self.request = request
        self.settings = settings
        self.source = source
        self.say = say
        self.ended = ended
    }

    /// Asks PhotoKit. May take long, as PhotoKit may.
    func start() {
        lock.lock()
        if answered {
            over = true
            lock.unlock()
            ended()
            return
        }
        attempt += 1
        let mine = attempt
        over = false
        token = nil
        bytes = 0
        fraction = 0
        moved = uptime()
        lock.unlock()

        let resource: Resource
        do {
            guard source.authorization() == "authorized" else { throw Failure.notAuthorized }
            guard let found = request.choose(from: try source.resources(of: request.asset)) else { throw Failure.noResource }
            resource = found
            let made = try PartFile(request.path)
            lock.lock()
            if answered {
                made.remove()
            } else {
                file = made
            }
            lock.unlock()
        } catch {
            complete(mine, nil, error as? Failure ?? Failure(error))
            return
        }
        // No lock is held over the call: PhotoKit may answer before it returns.
        let new = source.request(
            resource, network: !request.local,
            progress: { [weak self] in self?.progress(mine, $0) },
            data: { [weak self] in self?.data(mine, $0) },
            completion: { error in self.complete(mine, resource, error.map { Failure($0) }) })
        lock.lock()
        let unwanted = answered && !over
        if attempt == mine { token = new }
        lock.unlock()
        if unwanted { source.cancel(new) }
    }

    private func progress(_ mine: Int, _ value: Double) {
        lock.lock()
        defer { lock.unlock() }
        guard mine == attempt, !answered, !over, value > fraction else { return }
        fraction = min(value, 1)
        moved = uptime()
        tell()
    }

    private func data(_ mine: Int, _ part: Data) {
        lock.lock()
        guard mine == attempt, !answered, !over, let file else {
            lock.unlock()
            return
        }
        do {
            // Written here, before PhotoKit goes on: memory stays bounded.
            bytes += Int64(part.count)
            if request.limit > 0 && bytes > request.limit { throw Failure.tooLong }
            try file.write(part)
            moved = uptime()
            tell()
            lock.unlock()
        } catch {
            answer((error as? Failure ?? Failure(error)).event(id: request.id, tries: attempt))
            let token = token
            lock.unlock()
            if let token { DispatchQueue.global().async { self.source.cancel(token) } }
        }
    }

    /// At most four a second. The lock is held.
    private func tell() {
        let now = uptime()
        guard now - told >= 0.25 else { return }
        told = now
        var e = Event("progress", id: request.id)
        e.fraction = fraction
        e.bytes = bytes
        say(e)
    }

    private func complete(_ mine: Int, _ resource: Resource?, _ failure: Failure?) {
        lock.lock()
        guard mine == attempt, !over else {
            lock.unlock()
            return
        }
        over = true
        if let failure, !answered, failure.reason == .flaky, attempt < settings.tries {
            file?.remove()
            file = nil
            lock.unlock()
            DispatchQueue.global().async { withPool { self.start() } }
            return
        }
        if !answered {
            answer(outcome(resource, failure))
        }
        lock.unlock()
        ended()
    }

    /// The last word on a request that PhotoKit completed. The lock is held.
    private func outcome(_ resource: Resource?, _ failure: Failure?) -> Event {
        if let failure { return failure.event(id: request.id, tries: attempt) }
        do {
            try file?.commit()
        } catch {
            return (error as? Failure ?? Failure(error)).event(id: request.id, tries: attempt)
        }
        var e = Event("done", id: request.id)
        e.bytes = bytes
        e.type = resource.flatMap { ResourceType(rawValue: $0.type)?.name }
        e.uti = resource?.uti
        e.name = resource.map { cut($0.name) }
        e.tries = attempt
        return e
    }

    /// Gives photogo its one answer. The lock is held.
    private func answer(_ event: Event) {
        answered = true
        file?.remove()
        file = nil
        say(event)
    }

    /// Ends the request for photogo, and asks PhotoKit to end it, too. Returns
    /// whether PhotoKit still has to.
    @discardableResult
    func cancel(_ event: Event) -> Bool {
        lock.lock()
        guard !answered else {
            let left = !over
            lock.unlock()
            return left
        }
        answer(event)
        let token = token
        let left = !over
        lock.unlock()
        if left, let token { DispatchQueue.global().async { self.source.cancel(token) } }
        return left
    }

    func cancelled() -> Event {
        Failure(.cancelled, code: 3072, "cancelled").event(id: request.id, tries: attempt)
    }

    /// Cancels the request if nothing has come for too long, and reports whether
    /// it did. `gap` is a time in which the process was not running.
    func checkStall(gap: TimeInterval) -> Bool {
        lock.lock()
        moved += gap
        let stalled = !answered && uptime() - moved > settings.stall
        var e = Event("stalled", id: request.id)
        e.seconds = Int(uptime() - moved)
        e.bytes = bytes
        lock.unlock()
        if stalled { cancel(e) }
        return stalled
    }

    /// Whether PhotoKit has not ended what photogo has its answer to.
    var lingering: Bool {
        lock.lock()
        defer { lock.unlock() }
        return answered && !over
    }
}
