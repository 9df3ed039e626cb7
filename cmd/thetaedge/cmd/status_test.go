package cmd

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

func TestJobsSayWhetherTheirOutputsAreDelivered(t *testing.T) {
	next := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	for want, a := range map[string]*sidecarv1.Assignment{
		"":          {},
		"delivered": {Delivery: "delivered"},
		"2 of 5 tasks done; 25.0% of its fuel used": {Tasks: 5, TasksDone: 2, Fuel: 1 << 40, FuelLimit: 1 << 42},
		"not delivered: connection refused, next try at 03:04:05": {
			Delivery: "not delivered: connection refused", NextDeliveryAt: timestamppb.New(next),
		},
		"waits for its receipt; disk is slow; the program: unreachable executed in f": {
			WaitsFor: "its receipt", LastError: "disk is slow", Detail: "unreachable executed\nin f",
		},
	} {
		require.Equal(t, want, noteOf(a))
	}
	var out bytes.Buffer
	require.NoError(t, printStatus(&out, &sidecarv1.StatusResponse{Undelivered: 2}))
	require.Contains(t, out.String(), "2 accepted results")
	require.NoError(t, printStatus(&out, &sidecarv1.StatusResponse{Mode: "suspended"}))
	require.Contains(t, out.String(), "thetaedge resume")
}

func TestWhatOthersSayCannotSteerTheOperatorsTerminal(t *testing.T) {
	const said = "the server answers 500 \x1b[2J\x1b]0;x\x07\nlast error\tnone"
	var out bytes.Buffer
	require.NoError(t, printStatus(&out, &sidecarv1.StatusResponse{
		LastError: said, LastErrorAt: timestamppb.Now(), Passed: []*sidecarv1.PassedDraws{{JobId: "1-0-0", Reason: said, Draws: 1}},
	}))
	require.NoError(t, printJobs(&out, &sidecarv1.JobsResponse{Assignments: []*sidecarv1.Assignment{{Delivery: said, LastError: said, Detail: said}}}))
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "\x07")
	require.NotContains(t, out.String(), "\nlast error  none")
}

func TestANodeNeverUsesMoreSlotsThanItHas(t *testing.T) {
	for want, c := range map[string][2]uint32{
		"active, 0 of 0 slots used, 0 running":                                  {0, 0},
		"active, 0 of 2 slots used, one of which is only for audits, 0 running": {0, 1},
		"active, 2 of 2 slots used, one of which is only for audits, 0 running": {2, 1},
		"active, 2 of 2 slots used, 0 running":                                  {2, 2},
		"active, 3 of 4 slots used, 0 running":                                  {3, 4},
	} {
		var out bytes.Buffer
		require.NoError(t, printStatus(&out, &sidecarv1.StatusResponse{NodeStatus: "active", UsedSlots: c[0], Slots: c[1]}))
		require.Contains(t, out.String(), want+"\n")
	}
}
