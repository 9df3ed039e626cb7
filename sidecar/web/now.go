package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// mostShown is the number of current jobs that the first page shows.
const mostShown = 50

// manualRule is the name of the reason for a pause by a button or by thetaedge pause.
const manualRule = "manual"

// standing says in a line what the node does.
type standing struct {
	// Key names the texts about the state, and Mood is "good", "calm" or "bad".
	Key, Mood string
	Status    *sidecarv1.StatusResponse
	// Why contains texts of the daemon that explain the state.
	Why []string
	// Lead is what comes before all other causes why the node earns what it earns, and Others are the
	// other causes. Lead is nil if it is not known, and Unexplained says why.
	Lead        *sidecarv1.Finding
	Others      []*sidecarv1.Finding
	Unexplained string
	// AsOf is the block that the explanation is about, 0 if the chain could not be asked, and At its time. Age is
	// its age in milliseconds if it is old, 0 if it is not.
	AsOf int64
	At   time.Time
	Age  uint64
	// CanPause, CanSuspend and CanResume say which buttons make sense.
	CanPause, CanSuspend, CanResume bool
}

// standingOf derives the line from the daemon's status.
func standingOf(status *sidecarv1.StatusResponse) standing {
	st := standing{Status: status, Mood: "calm"}
	for _, executor := range status.Executors {
		if !executor.Healthy {
			st.Why = append(st.Why, executor.Profile+": "+executor.Detail)
		}
	}
	sick := len(status.Executors) > 0 && len(st.Why) == len(status.Executors)
	switch mode := agent.Mode(status.Mode); {
	case mode == agent.Draining:
		st.Key = "draining"
	case mode == agent.Starting && status.Height == 0 && status.LastError != "":
		st.Key, st.Mood = "waiting", "bad"
	case mode == agent.Starting:
		st.Key = "starting"
	case mode == agent.Suspended:
		st.Key, st.CanResume, st.CanPause = "suspended", true, true
	case mode == agent.Paused && status.NodeStatus != "active" && len(status.Pauses) == 0:
		st.Key, st.Mood = "inactive", "bad"
	case mode == agent.Paused:
		st.Key, st.CanResume, st.CanSuspend = "paused", true, true
	case status.Outdated != "" && status.Running == 0:
		st.Key, st.Mood = "outdated", "bad"
	case sick:
		st.Key, st.Mood = "sick", "bad"
	case status.Running > 0:
		st.Key, st.Mood = "working", "good"
	default:
		st.Key, st.Mood = "idle", "good"
	}
	if agent.Mode(status.Mode) == agent.Working || ruled(status.Pauses) {
		// A rule does not end with a button, and a pause by hand can be added to it.
		st.CanPause, st.CanSuspend, st.CanResume = true, true, false
	}
	if status.Outdated != "" {
		st.Why = append(st.Why, status.Outdated)
	}
	if status.Standing != "" {
		st.Why = append(st.Why, status.Standing)
	}
	if status.LastError != "" && (st.Mood == "bad" || st.Key == "starting") {
		st.Why = append(st.Why, status.LastError)
	}
	return st
}

// Endpoints returns the nodes of the chain that the daemon may ask. It returns none if there is only one without
// trouble: the height of the chain says all about it.
func (st standing) Endpoints() []*sidecarv1.EndpointStatus {
	if all := st.Status.Endpoints; len(all) > 1 || len(all) == 1 && all[0].Trouble != "" {
		return all
	}
	return nil
}

// ruled reports whether only rules of the owner hold the machine back, and no pause by hand.
func ruled(pauses []*sidecarv1.PauseReason) bool {
	byHand := func(p *sidecarv1.PauseReason) bool { return p.Rule == manualRule }
	return len(pauses) > 0 && !slices.ContainsFunc(pauses, byHand)
}

// job is a current job of the first page.
type job struct {
	*sidecarv1.Assignment
	// Percent is how much of its fuel limit the program has used, or of its tasks the chunk has done.
	// It is valid if Measured is true.
	Percent  int
	Measured bool
	// BlocksLeft is the number of blocks until the next deadline, 0 if there is none.
	BlocksLeft int64
}

func jobOf(a *sidecarv1.Assignment, height int64) job {
	j := job{Assignment: a}
	switch {
	case a.Tasks > 1:
		j.Measured, j.Percent = true, percent(a.TasksDone, a.Tasks)
	case a.FuelLimit > 0:
		j.Measured, j.Percent = true, percent(a.Fuel, a.FuelLimit)
	}
	if height == 0 {
		return j // the daemon has not seen a block yet
	}
	switch a.Phase {
	case "assigned", "preparing", "running", "executed", "commit_sent":
		j.BlocksLeft = max(0, a.CommitDeadline-height)
	case "committed":
		j.BlocksLeft = max(0, a.RevealDeadline-height)
	}
	return j
}

// percent returns a part of a whole in percent, at most 100.
func percent(part, whole uint64) int {
	if whole == 0 {
		return 0
	}
	return int(min(100, 100*(float64(part)/float64(whole))))
}

// current is the first page.
type current struct {
	standing
	Jobs   []job
	More   bool
	Charts []chart
	// Parts are further parts of the page that are renewed.
	Parts []part
	// State, Reasons and Work are the parts of the page that are renewed. Their sums are what the browser
	// says that it has, so that it gets only what has changed: a screen reader reads each change of the
	// state aloud, and buttons that are replaced lose the focus. Reasons change with each block.
	State, Reasons, Work      template.HTML
	StateSum, WhySum, WorkSum string
}

// current reads what the first page shows.
func (s *Server) current(r *http.Request) (current, error) {
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	status, err := s.cfg.Node.Status(ctx)
	if err != nil {
		return current{}, err
	}
	unfinished, err := s.cfg.Node.Unfinished(ctx)
	if err != nil {
		return current{}, err
	}
	c := current{standing: standingOf(status)}
	_, c.Charts = s.history.charts()
	if c.More = len(unfinished) > mostShown; c.More {
		unfinished = unfinished[:mostShown]
	}
	for _, a := range unfinished {
		c.Jobs = append(c.Jobs, jobOf(a, status.Height))
	}
	s.explain(r, &c.standing)
	if c.State, c.StateSum, err = s.piece(r, "state", c); err != nil {
		return current{}, err
	}
	if c.Reasons, c.WhySum, err = s.piece(r, "why", c); err != nil {
		return current{}, err
	}
	for _, name := range []string{"more", "endpoints", "cards"} {
		p := part{Name: name}
		if p.Content, p.Sum, err = s.piece(r, name, c); err != nil {
			return current{}, err
		}
		c.Parts = append(c.Parts, p)
	}
	c.Work, c.WorkSum, err = s.piece(r, "work", c)
	return c, err
}

// Content returns a part of the page by its name.
func (c current) Content(name string) template.HTML {
	for _, p := range c.Parts {
		if p.Name == name {
			return p.Content
		}
	}
	return ""
}

// part is a part of the first page that is renewed when it has changed.
type part struct {
	// Name is the name of the part's template and of its place on the page.
	Name    string
	Content template.HTML
	// Sum is what the browser says that it has.
	Sum string
	// New reports whether the browser has something else.
	New bool
}

// piece renders a part of the first page.
func (s *Server) piece(r *http.Request, name string, c current) (template.HTML, string, error) {
	lang, _ := s.language(r)
	var out bytes.Buffer
	if err := s.pages.sheets[lang]["now"].ExecuteTemplate(&out, name, c); err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(out.Bytes())
	return template.HTML(out.String()), hex.EncodeToString(sum[:8]), nil //nolint:gosec // the template has escaped it
}

// now shows what the node does at the moment.
func (s *Server) now(w http.ResponseWriter, r *http.Request) {
	c, err := s.current(r)
	if err != nil {
		s.fault(w, r, http.StatusServiceUnavailable, err)
		return
	}
	s.show(w, r, http.StatusOK, "now", c)
}

// renewal is what has changed on the first page.
type renewal struct {
	current
	// StateToo and WhyToo report whether the state and the reasons have changed.
	StateToo, WhyToo bool
}

// partNow answers with what has changed since the browser has asked last.
func (s *Server) partNow(w http.ResponseWriter, r *http.Request) {
	c, err := s.current(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	seen := r.URL.Query()
	news := renewal{c, seen.Get("state") != c.StateSum, seen.Get("why") != c.WhySum}
	changed := false
	for i := range c.Parts {
		c.Parts[i].New = seen.Get(c.Parts[i].Name) != c.Parts[i].Sum
		changed = changed || c.Parts[i].New
	}
	if !changed && !news.StateToo && !news.WhyToo && seen.Get("work") == c.WorkSum {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.part(w, r, "now", "renewal", news)
}
