package rehearsal

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const operator = "theta1operator"

// step is what a look at the daemon and at the chain shows.
type step struct {
	view View
	// status is the node's part on the chain; 0 for a task that the chain does not show.
	status computetypes.AssignmentStatus
	review bool
}

// fake is a chain and a daemon on which a job takes given steps. The last one stays.
type fake struct {
	Client
	steps     []step
	output    func(input []byte) []byte
	ended     *client.Settlement
	postErr   error
	sent      bool
	reviewed  bool
	cancelled bool
	folder    string
}

func (f *fake) Quote(context.Context, client.Signer, computetypes.JobSpec) (*client.Quote, error) {
	return &client.Quote{Reserve: params.TfuelCoin(1)}, nil
}

func (f *fake) NewState(packed *client.Packed) (*client.State, error) {
	return &client.State{Version: 1, Relay: packed.Relay, Token: packed.Token}, nil
}

func (f *fake) Post(_ context.Context, _ client.Signer, state *client.State, _ client.Cost, save func(*client.State) error) error {
	if f.sent {
		state.Tx, state.TxTimeout = []byte{1}, 77
		if err := save(state); err != nil {
			return err
		}
	}
	state.JobID = "9-0-0"
	if f.postErr != nil {
		state.JobID = ""
	}
	return f.postErr
}

func (f *fake) Settlement(context.Context, string) (*client.Settlement, error) {
	if f.ended != nil || !f.reviewed {
		return f.ended, nil
	}
	return &client.Settlement{
		Job: computetypes.Job{Reward: params.TfuelCoin(1), Status: computetypes.JOB_STATUS_COMPLETED},
		Receipt: &computetypes.Receipt{
			Status: computetypes.CHUNK_STATUS_ACCEPTED, Tags: [][]byte{{1}}, Outcomes: []computetypes.Outcome{{Operator: operator, Paid: params.Tfuel(1)}},
		},
	}, nil
}

func (f *fake) FetchInReview(_ context.Context, _ *client.State, _ uint64, dir string) (*client.InReview, error) {
	input, err := os.ReadFile(filepath.Join(f.folder, inputName))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	result := &client.Result{Dir: dir, Manifest: manifest.Manifest{Files: []manifest.File{{Path: outputName}}}}
	return &client.InReview{Result: result}, os.WriteFile(filepath.Join(dir, outputName), f.output(input), 0o600)
}

func (f *fake) Review(_ context.Context, _ client.Signer, items []computetypes.ReviewItem) error {
	f.reviewed = items[0].Accept
	return nil
}

func (f *fake) Cancel(context.Context, client.Signer, string) (sdk.Coin, error) {
	f.cancelled = true
	return params.TfuelCoin(1), nil
}

func (f *fake) look(context.Context, string) (View, error) {
	view := f.steps[0].view
	return view, nil
}

func (f *fake) Task(context.Context, string, uint64) (computetypes.Chunk, error) {
	now := f.steps[0]
	if len(f.steps) > 1 {
		f.steps = f.steps[1:]
	}
	if now.status == 0 {
		return computetypes.Chunk{}, chain.ErrNotFound
	}
	round := computetypes.Round{Phase: computetypes.ROUND_PHASE_COMMIT, Replicas: []computetypes.Assignment{{Operator: operator, Status: now.status}}}
	if now.review {
		round.Phase = computetypes.ROUND_PHASE_REVIEW
	}
	return computetypes.Chunk{Rounds: []computetypes.Round{round}}, nil
}

func good() []step {
	const assigned, committed, revealed = computetypes.ASSIGNMENT_STATUS_ASSIGNED, computetypes.ASSIGNMENT_STATUS_COMMITTED, computetypes.ASSIGNMENT_STATUS_REVEALED
	return []step{
		{},
		{view: View{Phase: "claimed"}, status: computetypes.ASSIGNMENT_STATUS_CANDIDATE},
		{view: View{Phase: "preparing"}, status: assigned},
		{view: View{Phase: "running"}, status: assigned},
		{view: View{Phase: "committed", Wall: time.Second}, status: committed},
		{view: View{Phase: "committed", Delivered: true}, status: committed},
		{view: View{Phase: "revealed", Delivered: true}, status: revealed, review: true},
	}
}

// try rehearses on a fake, with a clock that moves a second at each look.
func try(t *testing.T, f *fake, patience time.Duration) (*Report, []Leg) {
	t.Helper()
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			w.WriteHeader(http.StatusCreated)
		}
	}))
	defer relay.Close()
	f.folder = t.TempDir()
	if f.output == nil {
		f.output = func(input []byte) []byte { return input }
	}
	now := time.Unix(1_800_000_000, 0)
	cfg := Config{
		Client: f, Tasks: f, Look: f.look, Relay: relay.URL, Class: "cpu-small", Reward: params.TfuelCoin(1),
		Folder: f.folder, Patience: patience, Poll: time.Millisecond,
		Now: func() time.Time { now = now.Add(time.Second); return now },
	}
	cfg.Operator = sdk.MustBech32ifyAddressBytes(params.Bech32Prefix, make([]byte, 20))
	test, err := Prepare(t.Context(), cfg)
	require.NoError(t, err)
	test.cfg.Operator = operator
	var told []Leg
	return test.Run(t.Context(), func(o Outcome) { told = append(told, o.Leg) }), told
}

func TestEachLegOfAGoodJobIsTimedInOrder(t *testing.T) {
	report, told := try(t, &fake{steps: good()}, time.Minute)
	require.Empty(t, report.Failed, "%+v", report)
	require.Equal(t, Legs(), told)
	for _, leg := range report.Legs {
		require.True(t, leg.Done, "%+v", leg)
		require.Positive(t, leg.Millis, "%+v", leg)
		require.NotEqual(t, string(leg.Leg), leg.Does)
		require.NotEmpty(t, leg.Leg.cure())
	}
}

func TestTheLegThatFailsIsNamedWithItsCause(t *testing.T) {
	steps := func(n int, last step) []step { return append(good()[:n:n], last) }
	for name, c := range map[string]struct {
		fake *fake
		leg  Leg
		says string
	}{
		"posting": {&fake{postErr: errors.New("no funds")}, Post, "no funds"},
		"no claim, and the daemon knows why": {
			&fake{steps: []step{{view: View{Error: "policy.trust is off"}}}, ended: ended(computetypes.JOB_STATUS_EXPIRED)}, Claim, "policy.trust is off",
		},
		"an input that cannot be fetched": {&fake{steps: steps(3, step{view: View{Phase: "released", Error: "connection refused"}})}, Fetch, "connection refused"},
		"a task that is yielded": {
			&fake{steps: steps(4, step{view: View{Phase: "settled", Outcome: "yielded", Error: "its owner plays"}})}, Run, "yielded: its owner plays",
		},
		"a deadline that is missed": {
			&fake{steps: steps(4, step{view: View{Phase: "settled", Outcome: "missed"}})}, Run, "missed",
		},
		"a program that fails":    {&fake{steps: steps(4, step{view: View{Phase: "failed", Error: "no memory"}})}, Run, "no memory"},
		"an output that is wrong": {&fake{steps: good(), output: func([]byte) []byte { return []byte("x") }}, Check, "computes wrongly"},
	} {
		t.Run(name, func(t *testing.T) {
			report, told := try(t, c.fake, time.Minute)
			require.Equal(t, c.leg, report.Failed, "%+v", report)
			require.Equal(t, c.leg, told[len(told)-1])
			o := report.Legs[position(c.leg)]
			require.Contains(t, o.Error, c.says)
			require.NotEmpty(t, o.Cure)
			require.False(t, c.fake.reviewed, "nothing is accepted")
			require.Equal(t, c.leg == Claim, c.fake.cancelled)
		})
	}
}

// TestAJobThatMayStillBePostedIsNotPaidForTwice: an answer may be late, and a person tries again.
func TestAJobThatMayStillBePostedIsNotPaidForTwice(t *testing.T) {
	f := &fake{sent: true, postErr: errors.New("no answer")}
	report, _ := try(t, f, time.Minute)
	require.Equal(t, Post, report.Failed)
	require.Contains(t, report.Legs[position(Post)].Cure, "wait until block 77")
	root := t.TempDir()
	require.NoError(t, Earlier(root, 9))
	require.NoError(t, os.Mkdir(filepath.Join(root, "cancelled"), 0o700))
	require.NoError(t, os.Rename(f.folder, filepath.Join(root, "20261130-120000")))
	err := Earlier(root, 76)
	require.ErrorIs(t, err, ErrPending)
	require.ErrorContains(t, err, "wait until block 77")
	require.NoError(t, Earlier(root, 77), "no block takes it any more")
	report, _ = try(t, &fake{postErr: errors.New("no funds")}, time.Minute)
	require.Equal(t, Post.cure(), report.Legs[position(Post)].Cure, "nothing was sent")
}

func TestADeliveryThatNeverComesEndsWithPatience(t *testing.T) {
	stuck := slices.Concat(good()[:5], []step{{view: View{Phase: "revealed", Error: "not delivered: refused"}, status: computetypes.ASSIGNMENT_STATUS_REVEALED, review: true}})
	var report *Report
	// On a slow machine, the legs before it may take longer than a short patience.
	for patience := time.Second; patience < time.Minute; patience *= 2 {
		if report, _ = try(t, &fake{steps: stuck}, patience); report.Failed == Deliver {
			break
		}
	}
	require.Equal(t, Deliver, report.Failed, "%+v", report)
	o := report.Legs[position(Deliver)]
	require.Contains(t, o.Error, "nothing happened within")
	require.Contains(t, o.Error, "not delivered: refused")
}

func ended(status computetypes.JobStatus) *client.Settlement {
	return &client.Settlement{Job: computetypes.Job{Status: status, Reward: sdk.Coin{Denom: params.BaseDenom, Amount: math.OneInt()}}}
}
