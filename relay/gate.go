package relay

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/thetaedge/theta/blob"
)

const (
	// maxKnownTasks bounds the tasks that the gate remembers.
	maxKnownTasks = 4096
	// taskFresh is how long the gate believes what it was told of a task, taskStale how
	// long it believes that a key is not at work on it, noTask that there is no task.
	taskFresh, taskStale, noTask = time.Minute, 2 * time.Second, 10 * time.Second
	// maxLookups bounds the questions at once, lookupLimit how long one may wait and take, and
	// lookupRest how long a node that does not answer is left alone.
	maxLookups              = 8
	lookupLimit, lookupRest = 5 * time.Second, 10 * time.Second
	// manifestBytes and manifestLeast are the room of a result in addition to its outputs: for
	// the manifest, so many bytes for each file, and so many in any case, which include the
	// trace and the remark.
	manifestBytes, manifestLeast = 1200, 16 << 10
	// streamsBytes is what profiles keep of what a program prints, on both streams. A job
	// bounds its outputs without that.
	streamsBytes = 2 << 20
)

// gate decides which clients may add to a drop box. If a ledger can be asked, these are the
// nodes that the chain shows at work on a task whose results go there.
type gate struct {
	cfg     *Config
	ledger  Ledger
	logger  *slog.Logger
	limiter *limiter
	metrics *metrics
	now     func() time.Time
	asking  chan struct{}

	mu     sync.Mutex
	known  map[taskKey]*list.Element
	recent *list.List
	// resting is until when the ledger is not asked, because it did not answer.
	resting time.Time
}

type taskKey struct {
	job   string
	task  uint64
	ended int64
}

// knownTask is what the gate was told of a task.
type knownTask struct {
	key taskKey
	// at is when it was told; zero before.
	at   time.Time
	task Task
	none bool
	// asked is closed when the question that is under way ends; nil without one.
	asked chan struct{}
}

// errUnanswered: the ledger could not be asked.
var errUnanswered = errors.New("the chain cannot be asked")

func newGate(cfg *Config, logger *slog.Logger, l *limiter, m *metrics, now func() time.Time) *gate {
	return &gate{
		cfg: cfg, ledger: cfg.Ledger, logger: logger, limiter: l, metrics: m, now: now,
		asking: make(chan struct{}, maxLookups), known: map[taskKey]*list.Element{}, recent: list.New(),
	}
}

// admit returns the holder of an upload to a drop box. It checks the signature before it asks
// the ledger.
func (g *gate) admit(r *http.Request, from peer, digest blob.Digest) (uploader, error) {
	stranger := uploader{holder: householder(from)}
	if g.ledger == nil {
		return stranger, nil
	}
	p, err := passOf(r)
	if err != nil {
		return uploader{}, err
	}
	if p == nil {
		if g.rests() {
			return stranger, nil
		}
		return uploader{}, refusal(codeForbidden, "expected an upload signed by a node that the chain shows at work for this box (%s), found none; update the node", blob.PassHeader)
	}
	worker, err := g.check(r, p, digest)
	if err != nil {
		return uploader{}, err
	}
	task, err := g.task(r.Context(), from, taskKey{p.Job, p.Task, p.Ended}, worker)
	if errors.Is(err, errUnanswered) {
		return stranger, nil
	}
	if err != nil {
		return uploader{}, err
	}
	return g.permit(r, p, &task, worker)
}

// passOf reads the pass of a request, nil for none.
func passOf(r *http.Request) (*blob.Pass, error) {
	text := r.Header.Get(blob.PassHeader)
	if text == "" {
		return nil, nil
	}
	p, err := blob.ParsePass(text)
	if err != nil {
		return nil, refusal(codeForbidden, "%v", err)
	}
	return p, nil
}

// check reports whether a pass is meant for this relay and time, and by whom it is.
func (g *gate) check(r *http.Request, p *blob.Pass, digest blob.Digest) (worker string, err error) {
	if !g.isAudience(r, p.Audience) {
		return "", refusal(codeForbidden, "expected an upload signed for this relay, found one for %s", p.Audience)
	}
	if left := time.Unix(p.Expires, 0).Sub(g.now()); left <= 0 || left > 2*blob.PassLife {
		return "", refusal(codeForbidden, "expected a signature that ends within %s from now, found one that ends in %s; set the clock of the node", 2*blob.PassLife, left.Round(time.Second))
	}
	worker, err = g.ledger.Worker(p.Key, p.Message(blob.Upload{Box: pathBox(r), Digest: digest, Size: r.ContentLength}), p.Signature)
	if err != nil {
		return "", refusal(codeForbidden, "expected the signature of this upload by the key that it names: %v", err)
	}
	return worker, nil
}

// isAudience reports whether a pass names this relay.
func (g *gate) isAudience(r *http.Request, audience string) bool {
	if len(g.cfg.Audiences) == 0 {
		// A proxy ends TLS, so that either port may be the usual one.
		return audience == blob.AudienceOf("http", r.Host) || audience == blob.AudienceOf("https", r.Host)
	}
	for _, own := range g.cfg.Audiences {
		if audience == own {
			return true
		}
	}
	return false
}

// permit reports whether the chain shows a worker at work for the box, and what it may hold.
func (g *gate) permit(r *http.Request, p *blob.Pass, task *Task, worker string) (uploader, error) {
	if task.Chain != p.Chain {
		return uploader{}, refusal(codeForbidden, "expected an upload of chain %s, found %.40q", task.Chain, p.Chain)
	}
	if !goesTo(task.Sinks, p.Audience, pathBox(r)) {
		return uploader{}, refusal(codeForbidden, "expected a task whose results go to this box, found task %d of job %s, whose results do not", p.Task, p.Job)
	}
	operator, works := task.Workers[worker]
	if !works {
		return uploader{}, refusal(codeForbidden, "expected a node that has committed to a result of task %d of job %s, found worker %s, of whom the chain shows none", p.Task, p.Job, worker)
	}
	number := strconv.FormatUint(p.Task, 10)
	beside := int64(g.cfg.BoxCount)*manifestBytes + manifestLeast + streamsBytes
	return uploader{
		holder: holder{name: tag("work", p.Chain, p.Job, number, operator), network: tag("operator", p.Chain, operator), job: tag("job", p.Job)},
		quota:  &tally{files: g.cfg.BoxCount, bytes: min(task.OutputBytes, g.cfg.BoxBytes) + beside},
	}, nil
}

// goesTo reports whether one of the sinks is a box of this relay.
func goesTo(sinks []string, audience, box string) bool {
	for _, sink := range sinks {
		u, err := url.Parse(sink)
		if err != nil || blob.AudienceOf(u.Scheme, u.Host) != audience {
			continue
		}
		if found, ok := blob.BoxPath(u); ok && found == box {
			return true
		}
	}
	return false
}

// pathBox is the path of the box that a request names.
func pathBox(r *http.Request) string {
	if task := r.PathValue("task"); task != "" {
		return r.PathValue("box") + blob.TaskPart + task
	}
	return r.PathValue("box")
}

// rests reports whether the ledger has just failed to answer.
func (g *gate) rests() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now().Before(g.resting)
}

// task returns what the chain shows of a task. It asks once for all uploads of a task, and
// again for a worker that was not at work when it last asked.
func (g *gate) task(ctx context.Context, from peer, key taskKey, worker string) (Task, error) {
	for {
		g.mu.Lock()
		k := g.of(key)
		if g.current(k, worker) {
			task, none := k.task, k.none
			g.mu.Unlock()
			if none {
				return Task{}, refusal(codeForbidden, "expected a task that the chain keeps, found task %d of job %.40q", key.task, key.job)
			}
			return task, nil
		}
		if g.now().Before(g.resting) {
			g.mu.Unlock()
			return Task{}, errUnanswered
		}
		if asked := k.asked; asked != nil {
			g.mu.Unlock()
			select {
			case <-asked:
			case <-ctx.Done():
				return Task{}, ctx.Err()
			}
			continue
		}
		if !g.limiter.lookup(from) {
			g.mu.Unlock()
			return Task{}, refusal(codeRate, "expected fewer uploads for tasks that this relay has to ask the chain of; wait a second and retry")
		}
		k.asked = make(chan struct{})
		g.mu.Unlock()
		if err := g.ask(ctx, from, k, worker); err != nil {
			return Task{}, err
		}
	}
}

// of returns what is known of a task, an empty record for nothing.
func (g *gate) of(key taskKey) *knownTask {
	if found, known := g.known[key]; known {
		g.recent.MoveToFront(found)
		return found.Value.(*knownTask) //nolint:forcetypeassert // the list holds nothing else
	}
	if g.recent.Len() >= maxKnownTasks {
		last := g.recent.Back()
		delete(g.known, g.recent.Remove(last).(*knownTask).key) //nolint:forcetypeassert // the list holds nothing else
	}
	k := &knownTask{key: key}
	g.known[key] = g.recent.PushFront(k)
	return k
}

// current reports whether what is known of a task answers for a worker.
func (g *gate) current(k *knownTask, worker string) bool {
	age := g.now().Sub(k.at)
	_, works := k.task.Workers[worker]
	switch {
	case k.at.IsZero():
		return false
	case k.none:
		return age < noTask
	case works:
		return age < taskFresh
	}
	return age < taskStale
}

// ask asks the ledger about a task, and notes the answer for all uploads that wait for it,
// whether or not the upload that asks goes on. If too many ask at once, that is not a fault of
// the ledger.
func (g *gate) ask(ctx context.Context, from peer, k *knownTask, worker string) error {
	ctx = context.WithoutCancel(ctx)
	turn := time.NewTimer(lookupLimit)
	defer turn.Stop()
	select {
	case g.asking <- struct{}{}:
	case <-turn.C:
		g.mu.Lock()
		defer g.mu.Unlock()
		k.answered()
		return refusal(codeBusy, "expected fewer uploads at once for tasks that this relay has to ask the chain of; retry in a moment")
	}
	// It has its whole time from now on: who floods the relay with questions must not make
	// the last of them look as if the ledger were away.
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	task, err := g.ledger.Task(ctx, k.key.job, k.key.task, k.key.ended)
	<-g.asking
	none := errors.Is(err, ErrNoTask)
	_, works := task.Workers[worker]
	g.mu.Lock()
	defer g.mu.Unlock()
	defer k.answered()
	if err != nil && !none {
		g.resting = g.now().Add(lookupRest)
		g.metrics.lookups.WithLabelValues("none").Inc()
		g.logger.Warn("relay cannot ask the chain who works for a box; clients share boxes by their addresses meanwhile", "error", err, "for", lookupRest)
		return nil
	}
	k.at, k.task, k.none = g.now(), task, none
	if works {
		g.metrics.lookups.WithLabelValues("works").Inc()
		return nil
	}
	g.limiter.missed(from)
	g.metrics.lookups.WithLabelValues("stranger").Inc()
	return nil
}

// answered lets the uploads continue that wait for an answer.
func (k *knownTask) answered() {
	close(k.asked)
	k.asked = nil
}
