package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/why"
)

const (
	// whyFresh is the time for which an explanation is given again. An explanation needs some
	// twenty queries, and any program on this machine may ask for it.
	whyFresh = 5 * time.Second
	// failedSpan is the time for which failed work counts as recent, and maxFailures the number
	// of failures that are shown.
	failedSpan  = time.Hour
	maxFailures = 5
)

// explanation is the last answer to Why, and the one that is being made.
type explanation struct {
	from      why.Sources
	collector *why.Collector
	now       func() time.Time

	mu   sync.Mutex
	last *sidecarv1.WhyResponse
	at   time.Time
	// making is nil if no answer is being made.
	making *making
}

// making is an answer that is being made. The answer and the error are there when done is closed.
type making struct {
	done   chan struct{}
	answer *sidecarv1.WhyResponse
	err    error
}

// ExplainWith makes the service answer Why from sources. The service itself is the source of what
// the daemon knows. It is called before the service answers requests.
func (s *Service) ExplainWith(from why.Sources) {
	from.Machine = s.machine
	s.why.from, s.why.collector, s.why.now = from, why.NewCollector(from), from.Now
}

// Why implements sidecarv1.SidecarServiceServer.
func (s *Service) Why(ctx context.Context, _ *sidecarv1.WhyRequest) (*sidecarv1.WhyResponse, error) {
	e := &s.why
	if e.collector == nil {
		return nil, status.Error(codes.Unimplemented, "this daemon was not given what explains its earnings")
	}
	m := e.begin(context.WithoutCancel(ctx))
	select {
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-m.done:
		return m.answer, m.err
	}
}

// begin returns the last answer if it is fresh, and otherwise begins to make the next one, unless that is
// being done. Callers who leave do not end it: they would make the chain answer the same queries again
// and again. A collector ends by itself.
func (e *explanation) begin(ctx context.Context) *making {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.making != nil {
		return e.making
	}
	m := &making{done: make(chan struct{})}
	if now := e.now(); e.last != nil && now.Sub(e.at) < whyFresh && !now.Before(e.at) {
		m.answer = e.last
		close(m.done)
		return m
	}
	e.making = m
	go e.finish(ctx, m)
	return m
}

// finish makes an answer. A fault on the way ends neither the daemon nor the next attempt.
func (e *explanation) finish(ctx context.Context, m *making) {
	defer func() {
		if fault := recover(); fault != nil {
			m.err = status.Errorf(codes.Internal, "the daemon cannot explain because of a fault in it: %v", fault)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.making = nil
		if m.err == nil {
			e.last, e.at = m.answer, e.now()
		}
		close(m.done)
	}()
	m.answer = WhyOf(e.collector.Collect(ctx))
}

// WhyOf returns the diagnosis of facts in the form of the API.
func WhyOf(facts why.Facts) *sidecarv1.WhyResponse {
	out := &sidecarv1.WhyResponse{At: timestamp(facts.Now)}
	if tip, known := facts.Tip.Get(); known {
		out.Height = tip.Height
	}
	for _, f := range why.Diagnose(facts) {
		out.Findings = append(out.Findings, &sidecarv1.Finding{
			Cause: string(f.Cause), Sentence: f.Sentence, Cure: f.Cure, Evidence: f.Evidence,
		})
	}
	legible(out.ProtoReflect())
	return out
}

// machine returns what the daemon knows about itself.
func (s *Service) machine(ctx context.Context) (why.Machine, error) {
	now := s.status()
	records, err := s.journal.List(store.Filter{})
	if err != nil {
		return why.Machine{}, fmt.Errorf("cannot read the journal: %w", err)
	}
	out := why.Machine{
		Mode: string(now.Mode), HeightAt: now.HeightAt, Unproven: now.Unproven, FreeSlots: now.FreeSlots,
		LastError: now.LastError, LastErrorAt: now.LastErrorAt, Counts: now.Counts,
	}
	shown, err := s.Status(ctx, &sidecarv1.StatusRequest{})
	if err != nil {
		return out, err
	}
	for _, e := range shown.Executors {
		out.Executors = append(out.Executors, why.Executor{Profile: e.Profile, Healthy: e.Healthy, Why: e.Detail})
	}
	out.Pauses = pausesIn(shown.ProtoReflect())
	out.Held = heldIn(records, now.Waits)
	out.Failures, out.Paid = failuresIn(records, s.why.now()), paidIn(records)
	return out, nil
}

// heldIn returns the assignments that are not over.
func heldIn(records []store.Assignment, waits map[store.Key]string) []why.Held {
	var list []why.Held
	for i := range records {
		if r := &records[i]; !r.Phase.Finished() && r.Phase != store.PhaseClaimed {
			list = append(list, why.Held{Name: r.Key.String(), Phase: r.Phase.String(), Waits: waits[r.Key]})
		}
	}
	return list
}

// failuresIn returns why work failed recently, newest first. Claims that others won are no
// failures.
func failuresIn(records []store.Assignment, now time.Time) []string {
	var failed []*store.Assignment
	for i := range records {
		r := &records[i]
		if r.LastError != "" && now.Sub(r.UpdatedAt) < failedSpan && !agent.Undrawn(r) && troubled(r) {
			failed = append(failed, r)
		}
	}
	slices.SortStableFunc(failed, func(x, y *store.Assignment) int {
		return cmp.Or(y.UpdatedAt.Compare(x.UpdatedAt), cmp.Compare(x.String(), y.String()))
	})
	var list []string
	for _, r := range failed[:min(len(failed), maxFailures)] {
		list = append(list, fmt.Sprintf("%s is %s: %s", r.Key, r.Phase, r.LastError))
	}
	return list
}

// troubled reports whether the error of a record is one that kept this machine from a result.
func troubled(r *store.Assignment) bool {
	switch r.Phase {
	case store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning, store.PhaseReleased, store.PhaseFailed:
		return true
	case store.PhaseClaimed, store.PhaseYielding, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted, store.PhaseRevealed,
		store.PhaseOpened, store.PhaseSettled:
	}
	return false
}

// paidIn returns the last payment; nil if there was none.
func paidIn(records []store.Assignment) *why.Paid {
	var last *store.Assignment
	for i := range records {
		r := &records[i]
		if r.Verdict == nil || r.Verdict.Paid == "" || r.Verdict.Paid == "0" {
			continue
		}
		if last == nil || r.FinishedAt.After(last.FinishedAt) {
			last = r
		}
	}
	if last == nil {
		return nil
	}
	text := earnings.PayText(last.Verdict.Paid, last.Verdict.Denom)
	return &why.Paid{At: last.FinishedAt, Name: "task " + last.Key.String(), Amount: text}
}

// pausesIn returns the rules of the owner that hold work back, as the status shows them. A status
// that has no such field has no rules.
func pausesIn(shown protoreflect.Message) []why.Pause {
	field := shown.Descriptor().Fields().ByName("pauses")
	if field == nil || !field.IsList() || field.Kind() != protoreflect.MessageKind {
		return nil
	}
	var list []why.Pause
	entries := shown.Get(field).List()
	for i := range entries.Len() {
		entry := entries.Get(i).Message()
		text := func(name protoreflect.Name) string {
			f := entry.Descriptor().Fields().ByName(name)
			if f == nil || f.Kind() != protoreflect.StringKind || f.IsList() {
				return ""
			}
			return entry.Get(f).String()
		}
		list = append(list, why.Pause{Rule: text("rule"), Sentence: text("sentence"), Cure: text("cure")})
	}
	return list
}
