package chain

import (
	"testing"

	"github.com/stretchr/testify/require"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestStandingSaysWhatToDo(t *testing.T) {
	jail := edgenodetypes.JailRecord{Until: 30}
	for name, c := range map[string]struct {
		state edgenodetypes.NodeState
		want  []string
	}{
		"live":          {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_ACTIVE, LeaseEnd: 25}, []string{"height 25", "in 5 blocks"}},
		"run out":       {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_ACTIVE, LeaseEnd: 19}, []string{"ended at height 19", "thetaedge start"}},
		"lapsed":        {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_LAPSED, LeaseEnd: 12}, []string{"height 12", "thetaedge start"}},
		"in jail":       {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_JAILED, Jail: jail}, []string{"10 more blocks", "from height 30", "operator unjail"}},
		"term over":     {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_JAILED}, []string{"term is over", "operator unjail"}},
		"paused":        {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_PAUSED}, []string{"operator resume"}},
		"retired":       {edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_RETIRED}, []string{"thetaedge register"}},
		"of the future": {edgenodetypes.NodeState{Status: 99}, []string{"update thetaedge"}},
	} {
		for _, want := range c.want {
			require.Contains(t, Standing(c.state, 20), want, name)
		}
	}
}
