package web

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/why"
)

// long is more than any test waits for something that comes.
const long = 20 * time.Second

func TestAnExplanationThatIsSlowDoesNotDelayAPage(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	answers := make(chan string)
	r := &reasons{now: func() time.Time { return now }, ask: func(ctx context.Context) (*sidecarv1.WhyResponse, error) {
		select {
		case sentence := <-answers:
			if sentence == "" {
				return nil, errors.New("the journal cannot be read")
			}
			return &sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Sentence: sentence}}}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	defer r.end()
	// The wait is over before there is an answer. Its request goes on, and no second one begins.
	_, err := r.get(t.Context(), 0)
	require.ErrorIs(t, err, errNoWhy)
	done := r.begin(t.Context())
	answers <- "first."
	<-done
	answer, err := r.get(t.Context(), long)
	require.NoError(t, err)
	require.Equal(t, "first.", answer.Findings[0].Sentence, "a fresh answer is given again")

	// The last answer is shown while the next one is on its way, and after an error.
	now = now.Add(whyFresh)
	answer, err = r.get(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, "first.", answer.Findings[0].Sentence)
	done = r.begin(t.Context())
	answers <- ""
	<-done
	answer, err = r.get(t.Context(), long)
	require.ErrorContains(t, err, "the journal cannot be read")
	require.Equal(t, "first.", answer.Findings[0].Sentence)

	// After a change the page asks again at once.
	r.forget()
	done = r.begin(t.Context())
	answers <- "second."
	<-done
	answer, err = r.get(t.Context(), long)
	require.NoError(t, err)
	require.Equal(t, "second.", answer.Findings[0].Sentence)

	// A request that is stopped does not outlive the server.
	now = now.Add(whyFresh)
	done = r.begin(t.Context())
	r.end()
	<-done
	require.Nil(t, r.begin(t.Context()), "nothing is asked after the end")
}

func TestTheStateFollowsFromWhatComesFirst(t *testing.T) {
	idle := &sidecarv1.StatusResponse{Mode: string(agent.Working), NodeStatus: "active"}
	for cause, want := range map[why.Cause][2]string{
		why.Earning: {"idle", "good"}, why.FewTasks: {"idle", "good"}, why.NoTasks: {"idle", "calm"},
		why.GrantMissing: {"hindered", "bad"}, why.EndpointBehind: {"hindered", "bad"}, why.DiskFull: {"hindered", "bad"},
	} {
		st := standingOf(idle)
		st.explain(&sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Cause: string(cause), Sentence: "so."}}}, nil, time.Now())
		require.Equal(t, want, [2]string{st.Key, st.Mood}, cause)
	}
}

func TestANodeThatIsNotRegisteredDoesNotWaitForTheChain(t *testing.T) {
	st := standingOf(&sidecarv1.StatusResponse{Mode: string(agent.Starting), NodeStatus: "unregistered", LastError: "no node"})
	require.Equal(t, "waiting", st.Key)
	st.explain(&sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Cause: string(why.EndpointUnreachable), Sentence: "so."}}}, nil, time.Now())
	require.Equal(t, "waiting", st.Key)
	st.explain(&sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Cause: string(why.Unregistered), Sentence: "so."}}}, nil, time.Now())
	require.Equal(t, [2]string{"starting", "calm"}, [2]string{st.Key, st.Mood})
}

func TestAPauseIsToldOnceAndNotAfterItHasEnded(t *testing.T) {
	answer := &sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Cause: string(why.Paused), Sentence: "The owner has paused it."}, {Cause: string(why.NoTasks), Sentence: "no tasks."}}}
	for _, status := range []*sidecarv1.StatusResponse{
		{Mode: string(agent.Working), NodeStatus: "active"},
		{Mode: string(agent.Paused), NodeStatus: "active", Pauses: []*sidecarv1.PauseReason{{Rule: manualRule, Sentence: "paused"}}},
	} {
		st := standingOf(status)
		st.explain(answer, nil, time.Now())
		require.Equal(t, "no tasks.", st.Lead.Sentence)
	}
	st := standingOf(&sidecarv1.StatusResponse{Mode: string(agent.Paused), NodeStatus: "active"})
	st.explain(answer, nil, time.Now())
	require.Equal(t, "The owner has paused it.", st.Lead.Sentence)
}

func TestAButtonDoesNotPromiseToEndARuleOfTheOwner(t *testing.T) {
	rule, hand := &sidecarv1.PauseReason{Rule: "idle"}, &sidecarv1.PauseReason{Rule: manualRule}
	status := &sidecarv1.StatusResponse{Mode: string(agent.Suspended), NodeStatus: "active", Pauses: []*sidecarv1.PauseReason{rule}}
	st := standingOf(status)
	require.Equal(t, []bool{false, true, true}, []bool{st.CanResume, st.CanPause, st.CanSuspend})
	status.Pauses = []*sidecarv1.PauseReason{hand, rule}
	require.True(t, standingOf(status).CanResume)
}
