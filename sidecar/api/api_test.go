package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
)

// serving is a server that listens on ports chosen by the kernel.
type serving struct {
	client  sidecarv1.SidecarServiceClient
	http    string
	journal *store.Journal
}

func serve(t *testing.T) serving {
	t.Helper()
	now := time.Unix(1_700_000_000, 0)
	journal, err := store.Open(t.TempDir(), func() time.Time {
		now = now.Add(time.Second)
		return now
	})
	require.NoError(t, err)
	for n := range 5 {
		require.NoError(t, journal.Put(store.Assignment{Key: store.Key{JobID: fmt.Sprintf("%d-0-0", n)}, Phase: store.PhaseAssigned}))
	}
	_, err = journal.Advance(store.Key{JobID: "4-0-0"}, store.PhaseAssigned, store.PhaseSettled, func(a *store.Assignment) {
		a.ExitCode, a.Detail = 3, "panicked"
		a.ResultDigest, a.Folder, a.Sink, a.DeliveryError = []byte{1}, "work", "https://relay.example/v1/drops/box", "connection refused"
		a.Verdict = &store.Verdict{Status: "paid", Paid: "1000", Height: 9, Accepted: true}
	})
	require.NoError(t, err)
	state := func() agent.Status {
		return agent.Status{
			Mode: agent.Working, Operator: "theta1op", NodeStatus: "active", Height: 7, HeightAt: time.Now(), Slots: 2, Running: 1, LeaseEnd: 90, Standing: "live",
			Holds: owner.Decision{
				Action: owner.Suspend, Until: time.Unix(1_700_000_060, 0),
				Reasons: []owner.Reason{{Rule: owner.Idle, Action: owner.Suspend, Sentence: "used 3s ago", Cure: "leave it alone", Since: time.Unix(1_700_000_000, 0)}},
				Blind:   []owner.Blind{{Rule: owner.Fan, Why: "no fan"}},
			},
			Passed: []bid.Passed{{JobID: "7-0-0", Draws: 3, Reason: "pays too little", Height: 6}},
			Deliveries: map[store.Key]agent.Delivery{
				{JobID: "4-0-0"}: {Error: "connection refused", Late: true, NextAt: time.Unix(1_700_000_300, 0)},
				{JobID: "3-0-0"}: {},
			},
			Waits:    map[store.Key]string{{JobID: "3-0-0"}: "the seed that says whether auditors join"},
			Progress: map[store.Key]executor.Progress{{JobID: "2-0-0"}: {FuelUsed: 25, Fuel: 100}},
		}
	}
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(prometheus.NewGauge(prometheus.GaugeOpts{Name: "thetaedge_test", Help: "for this test"})))
	server, err := NewServer(NewService(Identity{Version: "v1", ChainID: "theta-1", Worker: "theta1w"}, state, journal, nil), registry, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	grpcListener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	httpListener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, grpcListener, httpListener) }()
	conn, err := grpc.NewClient(grpcListener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		cancel()
		require.NoError(t, <-done, "a clean shutdown")
		require.NoError(t, journal.Close())
	})
	return serving{sidecarv1.NewSidecarServiceClient(conn), "http://" + httpListener.Addr().String(), journal}
}

func get(t *testing.T, address, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	if host != "" {
		req.Host = host
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(body)
}

func TestStatusIsTheSameOverBothProtocols(t *testing.T) {
	s := serve(t)
	res, err := s.client.Status(t.Context(), &sidecarv1.StatusRequest{})
	require.NoError(t, err)
	require.Equal(t, "working", res.Mode)
	require.Equal(t, int64(7), res.Height)
	require.Equal(t, int64(90), res.LeaseEnd)
	require.Equal(t, "live", res.Standing)
	require.Equal(t, map[string]uint64{"assigned": 4, "settled": 1}, res.Assignments)
	require.Len(t, res.Passed, 1)
	require.Equal(t, "7-0-0", res.Passed[0].JobId)
	require.Equal(t, uint32(3), res.Passed[0].Draws)
	require.Equal(t, "pays too little", res.Passed[0].Reason)
	require.Equal(t, int64(6), res.Passed[0].Height)
	code, body := get(t, s.http+"/v1/status", "")
	require.Equal(t, http.StatusOK, code)
	var rest map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &rest))
	require.Equal(t, "theta1op", rest["operator"])
	require.Equal(t, "7", rest["height"])
}

func TestJobsSayHowMuchFuelARunningTaskHasUsed(t *testing.T) {
	s := serve(t)
	res, err := s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{})
	require.NoError(t, err)
	for _, a := range res.Assignments {
		runs := a.JobId == "2-0-0"
		require.Equal(t, runs, a.Fuel == 25, a.JobId)
		require.Equal(t, runs, a.FuelLimit == 100, a.JobId)
	}
	code, body := get(t, s.http+"/v1/jobs", "")
	require.Equal(t, http.StatusOK, code)
	require.Regexp(t, `"fuel_?[lL]imit":\s*"100"`, body)
}

func TestJobsArePagedNewestFirst(t *testing.T) {
	s := serve(t)
	var jobs []string
	req := &sidecarv1.JobsRequest{PageSize: 2}
	for {
		res, err := s.client.Jobs(t.Context(), req)
		require.NoError(t, err)
		for _, a := range res.Assignments {
			jobs = append(jobs, a.JobId)
		}
		if len(jobs) == 2 {
			// An assignment that is added in the meantime does not shift the next page.
			require.NoError(t, s.journal.Put(store.Assignment{Key: store.Key{JobID: "9-0-0"}, Phase: store.PhaseClaimed}))
		}
		if req.PageToken = res.NextPageToken; req.PageToken == "" {
			break
		}
	}
	require.Equal(t, []string{"4-0-0", "3-0-0", "2-0-0", "1-0-0", "0-0-0"}, jobs)
}

func TestTheNextPageIsThereWhereTheLastOfThePageBeforeHasChangedItsPhase(t *testing.T) {
	s := serve(t)
	res, err := s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{Phase: "assigned", PageSize: 2})
	require.NoError(t, err)
	require.Equal(t, "2-0-0", res.Assignments[1].JobId)
	_, err = s.journal.Advance(store.Key{JobID: "2-0-0"}, store.PhaseAssigned, store.PhaseSettled, func(*store.Assignment) {})
	require.NoError(t, err)
	res, err = s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{Phase: "assigned", PageSize: 2, PageToken: res.NextPageToken})
	require.NoError(t, err)
	require.Equal(t, []string{"1-0-0", "0-0-0"}, []string{res.Assignments[0].JobId, res.Assignments[1].JobId})
	require.Empty(t, res.NextPageToken)
}

func TestJobsSayWhatTheyWaitForAndHowProgramsEnded(t *testing.T) {
	s := serve(t)
	res, err := s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{})
	require.NoError(t, err)
	for _, a := range res.Assignments {
		switch a.JobId {
		case "3-0-0":
			require.Equal(t, "the seed that says whether auditors join", a.WaitsFor)
		case "4-0-0":
			require.Equal(t, uint32(3), a.ExitCode)
		default:
			require.Empty(t, a.WaitsFor)
			require.Zero(t, a.ExitCode)
		}
	}
}

func TestJobsAreFilteredByPhase(t *testing.T) {
	s := serve(t)
	code, body := get(t, s.http+"/v1/jobs?phase=settled", "")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"outcome":"paid"`)
	require.NotContains(t, body, `"phase":"assigned"`)
	_, err := s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{Phase: "sleeping"})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	_, err = s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{PageToken: "nonsense"})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	_, err = s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{PageSize: maxPage + 1})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestMetricsAndHealthAreServed(t *testing.T) {
	s := serve(t)
	code, body := get(t, s.http+"/metrics", "")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, "thetaedge_test 0")
	code, _ = get(t, s.http+"/healthz", "localhost:9771")
	require.Equal(t, http.StatusOK, code)
}

func TestForeignHostNamesAreRefused(t *testing.T) {
	s := serve(t)
	code, _ := get(t, s.http+"/v1/status", "evil.example")
	require.Equal(t, http.StatusForbidden, code)
}

func TestWhatIsNotDeliveredIsShownWithItsReasonAndTheNextTry(t *testing.T) {
	s := serve(t)
	res, err := s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{})
	require.NoError(t, err)
	late, live, other := res.Assignments[0], res.Assignments[1], res.Assignments[2]
	require.Equal(t, "not delivered: connection refused", late.Delivery)
	require.Equal(t, int64(1_700_000_300), late.NextDeliveryAt.Seconds)
	require.Equal(t, "panicked", late.Detail)
	require.Equal(t, "not delivered: the first try is under way", live.Delivery)
	require.Empty(t, other.Delivery)
	status, err := s.client.Status(t.Context(), &sidecarv1.StatusRequest{})
	require.NoError(t, err)
	require.Equal(t, uint64(1), status.Undelivered)

	_, err = s.journal.Edit(store.Key{JobID: "4-0-0"}, func(a *store.Assignment) { a.Delivered = true })
	require.NoError(t, err)
	res, err = s.client.Jobs(t.Context(), &sidecarv1.JobsRequest{})
	require.NoError(t, err)
	require.Equal(t, "delivered", res.Assignments[0].Delivery)
}

func TestStatusSaysWhyTheOwnerHoldsTheMachineBack(t *testing.T) {
	s := serve(t)
	res, err := s.client.Status(t.Context(), &sidecarv1.StatusRequest{})
	require.NoError(t, err)
	require.Len(t, res.Pauses, 1)
	require.Equal(t, []string{"idle", "suspend", "used 3s ago", "leave it alone"},
		[]string{res.Pauses[0].Rule, res.Pauses[0].Action, res.Pauses[0].Sentence, res.Pauses[0].Cure})
	require.EqualValues(t, 1_700_000_000, res.Pauses[0].Since.Seconds)
	require.EqualValues(t, 1_700_000_060, res.PausesUntil.Seconds)
	require.Len(t, res.BlindRules, 1)
	require.Equal(t, "fan: no fan", res.BlindRules[0].Rule+": "+res.BlindRules[0].Why)
	code, body := get(t, s.http+"/v1/status", "")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"sentence":"used 3s ago"`)
}
