package main

import (
	"context"
	"fmt"
	"time"

	"github.com/thetaedge/theta/tests/devnet"
)

// statusPatience is the longest time until the daemon of a node answers.
const statusPatience = 30 * time.Second

// engines are the names of the engines that work, as the nodes report them: by operator, then by
// profile.
type engines map[string]map[string]string

// askEngines asks all nodes. It also returns what a node lacks, in words, by profile.
func askEngines(ctx context.Context, network *devnet.Devnet) (found engines, lacking map[string]string, err error) {
	found, lacking = make(engines), make(map[string]string)
	for _, node := range network.Nodes() {
		if err := network.Await(ctx, statusPatience, "the status of "+node.Name, func() (bool, error) {
			status, err := node.Status(ctx)
			if err != nil {
				return false, err
			}
			found[node.Operator] = make(map[string]string)
			for _, e := range status.Executors {
				if e.Healthy {
					found[node.Operator][e.Profile] = e.Engine
				} else {
					lacking[e.Profile] = fmt.Sprintf("%s: %s", node.Name, e.Detail)
				}
			}
			return true, nil
		}); err != nil {
			return nil, nil, err
		}
	}
	return found, lacking, nil
}
