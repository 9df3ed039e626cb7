package rehearsal

import "time"

// Leg is a part of the way of a job.
type Leg string

// These are the legs, in their order.
const (
	Upload  Leg = "upload"
	Post    Leg = "post"
	Claim   Leg = "claim"
	Fetch   Leg = "fetch"
	Run     Leg = "run"
	Commit  Leg = "commit"
	Deliver Leg = "deliver"
	Reveal  Leg = "reveal"
	Check   Leg = "check"
	Review  Leg = "review"
	Pay     Leg = "pay"
)

// Legs returns all legs in their order.
func Legs() []Leg {
	return []Leg{Upload, Post, Claim, Fetch, Run, Commit, Deliver, Reveal, Check, Review, Pay}
}

// does says what happens in a leg.
func (l Leg) does() string {
	switch l {
	case Upload:
		return "this machine puts program and input on the relay"
	case Post:
		return "the job gets into a block"
	case Claim:
		return "the node claims the task and is drawn"
	case Fetch:
		return "the node fetches program and input"
	case Run:
		return "the node runs the program"
	case Commit:
		return "the commitment gets into a block"
	case Deliver:
		return "the node puts the result into the drop box"
	case Reveal:
		return "the reveal gets into a block"
	case Check:
		return "this machine downloads the result and compares it"
	case Review:
		return "the acceptance gets into a block"
	case Pay:
		return "the chain pays the node"
	}
	return string(l)
}

// cure says what to do if a leg fails.
func (l Leg) cure() string {
	switch l {
	case Upload:
		return "check the address of the relay in --relay, and whether it accepts uploads from this machine"
	case Post:
		return "check the balance of --from and the node of chain.grpc"
	case Claim:
		return "run thetaedge why: it names what keeps the node from claiming"
	case Fetch:
		return "check that this machine reaches the relay; a relay in your own network needs work.refuse-private = false"
	case Run:
		return "run thetaedge doctor without --self-test, which tries the executors, and read the log of the daemon"
	case Commit, Reveal:
		return "run thetaedge why: it says whether the worker can pay fees and whether the chain's answers are proven"
	case Deliver:
		return "check that the relay runs with --node and knows this chain, and that this machine reaches it"
	case Check:
		return "the relay does not hold what the node revealed; see thetaedge jobs, and check the relay"
	case Review:
		return "check the balance of --from; a result that is not reviewed in time counts as accepted"
	case Pay:
		return "look at the receipt with thetaedge receipt JOB TASK"
	}
	return ""
}

// Outcome says how a leg went.
type Outcome struct {
	Leg  Leg    `json:"leg"`
	Does string `json:"does"`
	// Done reports whether the leg succeeded. A leg that was not reached has neither Done nor
	// Error.
	Done bool `json:"done"`
	// Millis is the time of the leg in milliseconds.
	Millis int64  `json:"ms"`
	Detail string `json:"detail,omitempty"`
	Error  string `json:"error,omitempty"`
	Cure   string `json:"cure,omitempty"`
}

// Report says how a trial went.
type Report struct {
	// JobID is the id of the job; empty if it was not posted.
	JobID string    `json:"job_id,omitempty"`
	Legs  []Outcome `json:"legs"`
	// Failed is the leg that failed; empty if all succeeded.
	Failed Leg `json:"failed,omitempty"`
}

// stopwatch times the legs of a trial.
type stopwatch struct {
	now    func() time.Time
	last   time.Time
	report *Report
}

func newStopwatch(now func() time.Time) *stopwatch {
	s := &stopwatch{now: now, last: now(), report: &Report{}}
	for _, leg := range Legs() {
		s.report.Legs = append(s.report.Legs, Outcome{Leg: leg, Does: leg.does()})
	}
	return s
}

// outcome returns the record of a leg.
func (s *stopwatch) outcome(leg Leg) *Outcome {
	for i := range s.report.Legs {
		if s.report.Legs[i].Leg == leg {
			return &s.report.Legs[i]
		}
	}
	return &Outcome{}
}

// done records that a leg ended now. A leg that has ended before stays as it was.
func (s *stopwatch) done(leg Leg, detail string) {
	o := s.outcome(leg)
	if o.Done {
		return
	}
	now := s.now()
	o.Done, o.Detail, o.Millis = true, detail, now.Sub(s.last).Milliseconds()
	s.last = now
}

// failed records that a leg failed now.
func (s *stopwatch) failed(leg Leg, err error) {
	o := s.outcome(leg)
	o.Error, o.Cure, o.Millis = err.Error(), leg.cure(), s.now().Sub(s.last).Milliseconds()
	s.report.Failed = leg
}

// next returns the first leg that has not ended.
func (s *stopwatch) next() Leg {
	for i := range s.report.Legs {
		if !s.report.Legs[i].Done {
			return s.report.Legs[i].Leg
		}
	}
	return ""
}
