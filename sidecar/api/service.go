package api

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
)

const (
	defaultPage = 50
	maxPage     = 500
)

// Identity is the part of the daemon's state that does not change while it runs.
type Identity struct {
	Version, ChainID, Worker string
	StartedAt                time.Time
}

// Journal is the part of *store.Journal that the service shows.
type Journal interface {
	List(filter store.Filter) ([]store.Assignment, error)
}

// Service answers requests from the agent's state and from the journal.
type Service struct {
	sidecarv1.UnimplementedSidecarServiceServer

	identity  Identity
	status    func() agent.Status
	journal   Journal
	executors []executor.Executor
	devices   Devices
	endpoints func() []grpcnode.EndpointState
	why       explanation
	// updates says what is done about updates of the program; nil if nothing is.
	updates func() string
}

// ShowUpdates lets the service show what is done about updates of the program. It is called before the
// service answers requests.
func (s *Service) ShowUpdates(text func() string) { s.updates = text }

// NewService returns a service. The function status returns the agent's status.
func NewService(identity Identity, status func() agent.Status, journal Journal, executors []executor.Executor) *Service {
	return &Service{identity: identity, status: status, journal: journal, executors: executors}
}

// Status implements sidecarv1.SidecarServiceServer.
func (s *Service) Status(ctx context.Context, _ *sidecarv1.StatusRequest) (*sidecarv1.StatusResponse, error) {
	now := s.status()
	list, err := s.journal.List(store.Filter{})
	if err != nil {
		return nil, status.Errorf(codes.Internal, "cannot read the journal: %v", err)
	}
	out := &sidecarv1.StatusResponse{
		Version: s.identity.Version, StartedAt: timestamppb.New(s.identity.StartedAt),
		ChainId: s.identity.ChainID, Worker: s.identity.Worker,
		Operator: now.Operator, NodeStatus: now.NodeStatus,
		Height: now.Height, HeightAt: timestamp(now.HeightAt), Mode: string(now.Mode),
		Slots: now.Slots, UsedSlots: now.UsedSlots, Running: uint32(max(now.Running, 0)), //nolint:gosec // a small count
		Assignments: map[string]uint64{},
		LeaseEnd:    now.LeaseEnd, Standing: now.Standing,
		LastError: now.LastError, LastErrorAt: timestamp(now.LastErrorAt),
		LineReceivedToday: now.Line.Received, LineSentToday: now.Line.Sent, LineMaxDay: now.LineMax,
		MinVersion: now.MinVersion, Outdated: now.Outdated,
	}
	showHolds(out, now.Holds)
	for _, d := range now.Deliveries {
		if d.Late {
			out.Undelivered++
		}
	}
	for _, p := range now.Passed {
		out.Passed = append(out.Passed, &sidecarv1.PassedDraws{
			JobId: p.JobID, Draws: uint32(max(p.Draws, 0)), Reason: p.Reason, Height: p.Height, //nolint:gosec // a small count
		})
	}
	for i := range list {
		out.Assignments[list[i].Phase.String()]++
	}
	s.showDevices(out)
	if s.updates != nil {
		out.Update = s.updates()
	}
	s.showEndpoints(out)
	for _, e := range s.executors {
		f := e.Fingerprint(ctx)
		out.Executors = append(out.Executors, &sidecarv1.ExecutorStatus{
			Profile: f.Profile, Healthy: f.Health == executor.Healthy, Detail: f.Detail, Engine: f.Engine,
		})
	}
	legible(out.ProtoReflect())
	return out, nil
}

// showHolds writes down why the owner holds the machine back.
func showHolds(out *sidecarv1.StatusResponse, holds owner.Decision) {
	out.PausesUntil = timestamp(holds.Until)
	for i := range holds.Reasons {
		r := &holds.Reasons[i]
		out.Pauses = append(out.Pauses, &sidecarv1.PauseReason{
			Rule: string(r.Rule), Action: r.Action.String(), Sentence: r.Sentence, Cure: r.Cure, Since: timestamp(r.Since),
		})
	}
	for _, b := range holds.Blind {
		out.BlindRules = append(out.BlindRules, &sidecarv1.BlindRule{Rule: string(b.Rule), Why: b.Why})
	}
}

// Jobs implements sidecarv1.SidecarServiceServer.
func (s *Service) Jobs(_ context.Context, req *sidecarv1.JobsRequest) (*sidecarv1.JobsResponse, error) {
	var filter store.Filter
	if req.Phase != "" {
		phase, err := store.ParsePhase(req.Phase)
		if err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "phase: %v", err)
		}
		filter.Phases = []store.Phase{phase}
	}
	size := int(req.PageSize)
	if size == 0 {
		size = defaultPage
	}
	if size > maxPage {
		return nil, status.Errorf(codes.InvalidArgument, "page_size: expected at most %d, found %d", maxPage, size)
	}
	list, err := s.journal.List(filter)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "cannot read the journal: %v", err)
	}
	slices.SortStableFunc(list, func(x, y store.Assignment) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(y.String(), x.String()))
	})
	start, err := startOf(list, req.PageToken)
	if err != nil {
		return nil, err
	}
	end := min(start+size, len(list))
	out := &sidecarv1.JobsResponse{}
	now := s.status()
	for i := range list[start:end] {
		out.Assignments = append(out.Assignments, showWith(&list[start+i], &now))
	}
	if end < len(list) {
		out.NextPageToken = tokenOf(&list[end-1])
	}
	legible(out.ProtoReflect())
	return out, nil
}

// tokenOf returns a token that names the last assignment of a page. Because of that,
// assignments that are added in the meantime do not shift the next page.
func tokenOf(last *store.Assignment) string {
	return strconv.FormatInt(last.CreatedAt.UnixNano(), 10) + "." + last.String()
}

// startOf returns the index of the first assignment after the one that a token names. The
// named assignment may no longer be in the list, because its phase has changed or because the
// journal has forgotten it.
func startOf(list []store.Assignment, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	nanos, name, _ := strings.Cut(token, ".")
	created, err := strconv.ParseInt(nanos, 10, 64)
	if err != nil || name == "" {
		return 0, status.Errorf(codes.InvalidArgument, "page_token: expected the next_page_token of a page before, found %q; start again without one", token)
	}
	for i := range list {
		if cmp.Or(cmp.Compare(created, list[i].CreatedAt.UnixNano()), cmp.Compare(name, list[i].String())) > 0 {
			return i, nil
		}
	}
	return len(list), nil
}

// showWith returns an assignment as the journal contains it, together with what the agent knows about it
// now.
func showWith(record *store.Assignment, now *agent.Status) *sidecarv1.Assignment {
	shown := show(record)
	shown.WaitsFor = now.Waits[record.Key]
	if chunk, runs := now.Chunks[record.Key]; runs {
		shown.Tasks, shown.TasksDone = chunk.Tasks, chunk.Done
	}
	if progress, runs := now.Progress[record.Key]; runs {
		shown.Fuel, shown.FuelLimit = progress.FuelUsed, progress.Fuel
	}
	pending, queued := now.Deliveries[record.Key]
	shown.Delivery = deliveryOf(record, pending, queued)
	shown.NextDeliveryAt = timestamp(pending.NextAt)
	return shown
}

func show(a *store.Assignment) *sidecarv1.Assignment {
	out := &sidecarv1.Assignment{
		JobId: a.JobID, Task: a.Task, Round: a.Round, Phase: a.Phase.String(),
		CommitDeadline: a.Deadlines.Commit, RevealDeadline: a.Deadlines.Reveal,
		Fuel: a.Metrics.Fuel, WallMs: a.Metrics.WallMillis, EnergySource: a.Metrics.EnergySource,
		EnergyMissing: a.Metrics.EnergyMissing,
		LastError:     a.LastError, UpdatedAt: timestamp(a.UpdatedAt),
	}
	if a.Count > 1 {
		// A commitment covers the tasks that have a result.
		out.Tasks, out.TasksDone = a.Tasks, a.Tasks
	}
	if shown(a.Phase) {
		out.Digest, out.ExitCode, out.Detail = hex.EncodeToString(a.ResultDigest), a.ExitCode, a.Detail
	}
	if a.Metrics.EnergyMillijoules != nil {
		out.EnergyMj = *a.Metrics.EnergyMillijoules
	}
	if a.Verdict != nil {
		out.Outcome, out.Paid, out.Slashed, out.Share = a.Verdict.Status, a.Verdict.Paid, a.Verdict.Slashed, a.Verdict.Share
		out.Denom = a.Verdict.Denom
	}
	if !a.FinishedAt.IsZero() {
		out.FinishedAt = timestamp(a.FinishedAt)
	}
	return out
}

// deliveryOf says whether the sink has the outputs of an assignment. It returns "" if no
// outputs are due.
func deliveryOf(a *store.Assignment, pending agent.Delivery, queued bool) string {
	why := pending.Error
	if why == "" {
		why = a.DeliveryError
	}
	switch {
	case a.Delivered:
		return "delivered"
	case why != "" && (queued || a.Owed()):
		return "not delivered: " + why
	case queued || a.Owed():
		return "not delivered: the first try is under way"
	}
	return ""
}

// shown reports whether a result may be shown in a phase. Before that, another node on this
// machine or its network could commit to the result without doing the work.
func shown(p store.Phase) bool { return p == store.PhaseOpened || p == store.PhaseSettled }

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
