package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestAQuoteTellsWhatFailuresCostWhereAMajorityDecides(t *testing.T) {
	for guarantee, told := range map[computetypes.Guarantee]bool{
		computetypes.GUARANTEE_UNSPECIFIED: false, // a chain of an earlier version
		computetypes.GUARANTEE_EXACT:       false,
		computetypes.GUARANTEE_TRUSTED:     false,
		computetypes.GUARANTEE_MAJORITY:    true,
	} {
		quote := Quote{Guarantee: guarantee, FailedPay: params.TfuelCoin(2)}
		if !told {
			require.Empty(t, quote.Failures(), guarantee)
			continue
		}
		require.Contains(t, quote.Failures(), "pays each node only 2 tfuel")
	}
}
