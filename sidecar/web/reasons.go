package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/why"
)

const (
	// whyFresh is the time for which an explanation is not asked for again.
	whyFresh = 5 * time.Second
	// whyPatience bounds one request for an explanation. The daemon gives up sooner.
	whyPatience = 20 * time.Second
	// whyWait is the longest time for which a page waits for an explanation if Config does not say another one.
	whyWait = 700 * time.Millisecond
	// whyOld is the age from which on a page says how old the explanation is.
	whyOld = 20 * time.Second
)

// errNoWhy means that there is no explanation yet.
var errNoWhy = errors.New("the daemon is still asking the chain")

// reasons keeps the last explanation of what the node earns, and asks for a new one in the background.
type reasons struct {
	ask func(ctx context.Context) (*sidecarv1.WhyResponse, error)
	now func() time.Time

	mu   sync.Mutex
	last *sidecarv1.WhyResponse
	err  error
	// asked is when the last request ended. It is zero if there was none.
	asked time.Time
	// done is closed when the request in progress ends. It is nil if there is none.
	done  chan struct{}
	stop  context.CancelFunc
	ended bool
}

// get returns the last explanation, nil if there is none yet, and the error of the last request. It waits
// for a new one for at most wait.
func (r *reasons) get(ctx context.Context, wait time.Duration) (*sidecarv1.WhyResponse, error) {
	done := r.begin(ctx)
	if done == nil {
		return r.known()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
	return r.known()
}

func (r *reasons) known() (*sidecarv1.WhyResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil && r.err == nil {
		return nil, errNoWhy
	}
	return r.last, r.err
}

// begin asks for an explanation unless the last one is fresh, and returns what is closed when the request in
// progress ends; nil if there is none. A page that is closed does not end the request.
func (r *reasons) begin(ctx context.Context) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done != nil {
		return r.done
	}
	age := r.now().Sub(r.asked)
	if r.ended || !r.asked.IsZero() && age >= 0 && age < whyFresh {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), whyPatience)
	done := make(chan struct{})
	r.done, r.stop = done, stop
	go func() {
		defer close(done)
		defer stop()
		answer, err := r.ask(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err = err; err == nil {
			r.last = answer
		}
		r.asked, r.done = r.now(), nil
	}()
	return done
}

// forget makes the next page ask again, after something was changed.
func (r *reasons) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = time.Time{}
}

// end stops the request in progress and waits for it. After that, nothing is asked any more.
func (r *reasons) end() {
	r.mu.Lock()
	r.ended = true
	done := r.done
	if done != nil {
		r.stop()
	}
	r.mu.Unlock()
	if done != nil {
		<-done
	}
}

// explain adds an explanation to a standing. While pauses are shown, or the node works, the finding about a pause
// would repeat them or be out of date.
func (st *standing) explain(answer *sidecarv1.WhyResponse, failure error, now time.Time) {
	if failure != nil {
		st.Unexplained = failure.Error()
	}
	if answer == nil {
		return
	}
	paused := func(f *sidecarv1.Finding) bool { return f.Cause == string(why.Paused) }
	found := slices.DeleteFunc(slices.Clone(answer.Findings), func(f *sidecarv1.Finding) bool {
		return paused(f) && (len(st.Status.Pauses) > 0 || st.Key == "idle" || st.Key == "working")
	})
	if len(found) > 0 {
		st.Lead, st.Others = found[0], found[1:]
	}
	st.AsOf = answer.Height
	if answer.At != nil {
		if st.At = answer.At.AsTime(); now.Sub(st.At) >= whyOld {
			st.Age = uint64(now.Sub(st.At).Milliseconds()) //nolint:gosec // positive
		}
	}
	if st.Key == "waiting" && st.Lead != nil && why.Cause(st.Lead.Cause) == why.Unregistered {
		// The chain has answered: the daemon waits for its node, and not for the chain.
		st.Key, st.Mood = "starting", "calm"
	}
	if st.Key == "idle" && st.Lead != nil {
		switch why.Cause(st.Lead.Cause) {
		case why.Earning, why.SlotsFull, why.FewTasks, why.NotKnown, why.Paused:
		case why.EndpointTrouble, why.NoTasks, why.PriceTooHigh, why.HostsUnlisted, why.PolicyRefuses, why.ChainRefuses, why.WeightZero:
			st.Mood = "calm"
		default:
			st.Key, st.Mood = "hindered", "bad"
		}
	}
}

// explain adds the explanation to what the first page shows.
func (s *Server) explain(r *http.Request, st *standing) {
	answer, err := s.reasons.get(r.Context(), s.cfg.WhyWait)
	st.explain(answer, err, s.cfg.Now())
}
