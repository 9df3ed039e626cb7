package grpcnode

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// The defaults of EndpointOptions.
const (
	defaultAttempt     = 5 * time.Second
	defaultProbePause  = 3 * time.Second
	defaultReturnAfter = time.Minute
	defaultDistrust    = 10 * time.Minute
	// maxDistrust bounds how long an endpoint is avoided after repeated lies.
	maxDistrust = 6 * time.Hour
)

// EndpointOptions say how endpoints are contacted and chosen. The zero value is useful.
type EndpointOptions struct {
	// Plaintext allows connections without transport security to other machines, see
	// DialPlaintext.
	Plaintext bool
	// Links, if it is not nil, can drop the connections.
	Links *Links
	// Unproven reports that no height can be proven. An endpoint then counts as behind another one
	// only if its own blocks do not go on, because the other one may name any height.
	Unproven bool
	// Attempt is how long a call waits for one endpoint while another one could be asked; 0
	// means 5 seconds.
	Attempt time.Duration
	// ProbePause is the pause between two examinations by Watch; 0 means 3 seconds.
	ProbePause time.Duration
	// ReturnAfter is how long a preferred endpoint has to be without trouble before it is used
	// again; 0 means a minute.
	ReturnAfter time.Duration
	// DistrustFor is how long an endpoint is avoided after its first lie; 0 means 10 minutes.
	DistrustFor time.Duration
	// Switched is called when another endpoint is used from now on. It may be nil, and must not
	// call the endpoints.
	Switched func(from, to, why string)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o EndpointOptions) withDefaults() EndpointOptions {
	o.Attempt = cmp.Or(o.Attempt, defaultAttempt)
	o.ProbePause = cmp.Or(o.ProbePause, defaultProbePause)
	o.ReturnAfter = cmp.Or(o.ReturnAfter, defaultReturnAfter)
	o.DistrustFor = cmp.Or(o.DistrustFor, defaultDistrust)
	if o.Switched == nil {
		o.Switched = func(string, string, string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Endpoints is a connection to one of several nodes of a chain. The first one that has no trouble
// is used. A call that the used one does not answer, or answers with an error, goes to another
// one. Transactions go to all of them. With one endpoint it is the connection of Dial.
type Endpoints struct {
	options EndpointOptions
	list    []*endpoint
	// handing counts transactions on their way to endpoints for whose answers no caller waits.
	handing sync.WaitGroup

	mu sync.Mutex
	// chainID is the id of the chain; empty while it is not known.
	chainID  string
	used     int
	switches uint64
	// refusals is the number of simulations in a row that the used endpoint has refused.
	refusals int
}

// endpoint is one node. The mutex of Endpoints guards everything below conn.
type endpoint struct {
	address string
	conn    *grpc.ClientConn

	// chainID is what the node said last; empty if it was not asked.
	chainID string
	// tip is its newest block, found at the time seen, and advanced is when it last became higher.
	tip            Tip
	seen, advanced time.Time
	// lags is the number of examinations in a row in which the node was far behind another one.
	lags int
	// errs is the number of calls in a row that it refused and another endpoint answered.
	errs int
	// trouble is what was wrong at the last look, and since is since when it, or nothing, is.
	trouble trouble
	since   time.Time
	// lie is why the node is not believed until the time until. term is how long that is.
	lie   string
	until time.Time
	term  time.Duration
}

// EndpointState is the state of one endpoint, for its owner.
type EndpointState struct {
	// Address is the address as it was written in the settings.
	Address string
	// Used reports whether calls go to it now.
	Used bool
	// Height and UnixSeconds are those of its newest block; 0 if they are not known.
	Height, UnixSeconds int64
	// Trouble says why it is not used, or should not be. It is empty if nothing speaks against it.
	Trouble string
	// Since is since when it has this trouble, or none.
	Since time.Time
}

// OpenEndpoints opens connections to nodes, the preferred one first. It does not wait for an
// answer. It returns the errors of Dial.
func OpenEndpoints(addresses []string, options EndpointOptions) (*Endpoints, error) {
	if len(addresses) == 0 {
		return nil, errors.New("expected the address of a node or more, found none")
	}
	links := options.Links
	if links == nil {
		links = &Links{}
	}
	open := links.Dial
	if options.Plaintext {
		open = links.DialPlaintext
	}
	e := &Endpoints{options: options.withDefaults()}
	for _, address := range addresses {
		conn, err := open(address)
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		e.list = append(e.list, &endpoint{address: address, conn: conn, since: e.options.Now()})
	}
	return e, nil
}

// Close closes all connections.
func (e *Endpoints) Close() error {
	var errs []error
	for _, p := range e.list {
		errs = append(errs, p.conn.Close())
	}
	e.handing.Wait()
	return errors.Join(errs...)
}

// Using returns the address of the endpoint to which calls go now.
func (e *Endpoints) Using() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list[e.used].address
}

// Several reports whether there is more than one endpoint.
func (e *Endpoints) Several() bool { return len(e.list) > 1 }

// Switches returns how often another endpoint was taken into use.
func (e *Endpoints) Switches() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.switches
}

// States returns the state of each endpoint, in order of preference.
func (e *Endpoints) States() []EndpointState {
	e.mu.Lock()
	defer e.mu.Unlock()
	states := make([]EndpointState, len(e.list))
	for i, p := range e.list {
		states[i] = EndpointState{
			Address: p.address, Used: i == e.used, Height: p.tip.Height, UnixSeconds: p.tip.UnixSeconds,
			Trouble: e.ill(p), Since: p.since,
		}
	}
	return states
}

// Distrust avoids an endpoint, because it has shown something that is not so. Each time, it is
// avoided for longer. An endpoint is nevertheless used if the others give no answer.
func (e *Endpoints) Distrust(address, why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.list {
		if p.address == address {
			e.avoid(p, why)
		}
	}
	e.choose()
}

// avoid is Distrust with the mutex held.
func (e *Endpoints) avoid(p *endpoint, why string) {
	now := e.options.Now()
	if e.distrusted(p) {
		p.lie = why
		return
	}
	p.term = min(max(2*p.term, e.options.DistrustFor), maxDistrust)
	p.lie, p.until, p.since, p.errs = why, now.Add(p.term), now, 0
}

// distrusted reports whether an endpoint is avoided because of a lie.
func (e *Endpoints) distrusted(p *endpoint) bool {
	return p.lie != "" && e.options.Now().Before(p.until)
}

// Ahead returns an error that names the others if a height is more than the chain can have reached
// according to each other endpoint that answers and whose blocks go on. It returns nil if there is
// no such endpoint.
func (e *Endpoints) Ahead(height int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.options.Now()
	var against *endpoint
	for i, p := range e.list {
		// One that is called behind counts as well: the height that makes it so may be invented.
		if i == e.used || p.trouble.kind > behind || e.distrusted(p) || p.tip.Height == 0 || now.Sub(p.advanced) > stillAfter {
			continue
		}
		if height <= p.tip.Height+farAhead+int64(now.Sub(p.seen)/fastestBlock) {
			return nil
		}
		against = p
	}
	if against == nil {
		return nil
	}
	return fmt.Errorf("%s names height %d, and %s names %d", e.list[e.used].address, height, against.address, against.tip.Height)
}
