package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/tests/devnet"
)

const (
	// killEvery and cutEvery are the pauses between two kills and two cuts.
	killEvery, cutEvery = 20 * time.Second, time.Minute
	// shortestCut and longestCut bound a cut. Windows for reveals are longer than the longest. dueBlocks is the
	// number of blocks for which a cut delays a reveal.
	shortestCut, longestCut = 3 * time.Second, 20 * time.Second
	dueBlocks               = 2
	// aimPatience is the time for which a cut waits for a node that is about to reveal, and an
	// owner for a node that runs a program.
	aimPatience = 25 * time.Second
	// restPause and restMore bound the pause between two games.
	restPause, restMore = 10 * time.Second, 20 * time.Second
	// shortGame bounds games that programs outlast; longGame bounds those that make nodes yield.
	shortGame, longGame = 8 * time.Second, 90 * time.Second
	// glance is the pause between two looks at a node.
	glance = 100 * time.Millisecond
	// orphanPatience is the time that workers of a killed daemon have to end.
	orphanPatience = 20 * time.Second
)

// disturber disturbs the nodes.
type disturber struct {
	network *devnet.Devnet
	ledger  *Ledger
	done    *Disturbances
	counts  *Counts
	dir     string
	// elder is the position of a node that is never killed, so that its daemon grows old.
	elder int
	say   func(format string, args ...any)
}

// kill kills the daemon of a node from time to time until ctx ends.
func (d *disturber) kill(ctx context.Context, random *rand.Rand) error {
	for pause(ctx, killEvery) {
		nodes := d.network.Nodes()
		n := random.IntN(len(nodes) - 1)
		if n >= d.elder {
			n++
		}
		down := time.Duration(random.Int64N(int64(3 * time.Second)))
		if err := d.killOne(ctx, nodes[n], down); err != nil {
			return fmt.Errorf("kill of %s: %w", nodes[n].Name, err)
		}
	}
	return nil
}

// killOne kills a daemon, sees that its workers end, and starts it again.
func (d *disturber) killOne(ctx context.Context, node devnet.Node, down time.Duration) error {
	workers := workersBelow(node.Home())
	end := d.done.begin(disturbKill, node.Operator, d.ledger.Height())
	if err := d.network.Kill(node.Name); err != nil {
		return err
	}
	d.say("killed %s, which had %d workers", node.Name, len(workers))
	d.gone(workers, node.Name)
	pause(ctx, down)
	err := d.network.Restart(node.Name)
	end(d.ledger.Height() + restartBlocks)
	return err
}

// gone waits until workers have ended, and counts those that do not.
func (d *disturber) gone(workers []worker, node string) {
	patience, cancel := context.WithTimeout(context.Background(), orphanPatience)
	defer cancel()
	for _, w := range workers {
		for w.alive() {
			if !pause(patience, glance) {
				d.counts.orphan(fmt.Errorf("process %d of %s runs on after its daemon was killed", w.pid, node))
				break
			}
		}
	}
}

// cut cuts a node off from time to time until ctx ends.
func (d *disturber) cut(ctx context.Context, random *rand.Rand) error {
	for pause(ctx, cutEvery-aimPatience) {
		from := time.Now()
		node := d.aim(ctx, random)
		if err := d.cutOne(ctx, node, random); err != nil {
			return fmt.Errorf("cut of %s: %w", node.Name, err)
		}
		pause(ctx, aimPatience-time.Since(from))
	}
	return nil
}

// aim waits for a node that has committed to a result and may not reveal it yet. Without one in time
// it returns any node.
func (d *disturber) aim(ctx context.Context, random *rand.Rand) devnet.Node {
	ctx, cancel := context.WithTimeout(ctx, aimPatience)
	defer cancel()
	nodes := d.network.Nodes()
	for {
		for _, n := range random.Perm(len(nodes)) {
			if d.waits(nodes[n]) {
				return nodes[n]
			}
		}
		if !pause(ctx, glance) {
			return nodes[random.IntN(len(nodes))]
		}
	}
}

// waits reports whether a node has committed to a result that it may reveal soon: no other node of the
// round is suspended.
func (d *disturber) waits(node devnet.Node) bool {
	height := d.ledger.Height()
	return d.ledger.Waits(node.Operator, func(other string) bool { return !d.done.now(disturbGame, other, height) })
}

// cutOne cuts a node off until a reveal of it has been due for some blocks, or for a random time.
func (d *disturber) cutOne(ctx context.Context, node devnet.Node, random *rand.Rand) error {
	most := shortestCut + time.Duration(random.Int64N(int64(longestCut-shortestCut)))
	if d.waits(node) {
		most = longestCut
	}
	end := d.done.begin(disturbCut, node.Operator, d.ledger.Height())
	if err := d.network.Cut(node.Name); err != nil {
		return err
	}
	begun := time.Now()
	for time.Since(begun) < most && pause(ctx, glance) {
		if time.Since(begun) >= shortestCut && d.ledger.Due(node.Operator, dueBlocks) {
			break
		}
	}
	due := d.ledger.Due(node.Operator, dueBlocks)
	d.ledger.MarkCut(node.Operator, dueBlocks)
	err := d.network.Mend(node.Name)
	end(d.ledger.Height())
	d.say("cut %s off for %.0f s, a reveal was due: %t", node.Name, time.Since(begun).Seconds(), due)
	return err
}

// play lets the owner of a node play from time to time until ctx ends.
func (d *disturber) play(ctx context.Context, random *rand.Rand) error {
	for n := 0; pause(ctx, restPause+time.Duration(random.Int64N(int64(restMore)))); n++ {
		node := d.network.Nodes()[random.IntN(len(d.network.Nodes()))]
		long := n%3 == 1
		length := time.Second + time.Duration(random.Int64N(int64(shortGame)))
		if long {
			length = longGame
		}
		if err := d.game(ctx, node, length, long); err != nil {
			return fmt.Errorf("game of the owner of %s: %w", node.Name, err)
		}
	}
	return nil
}

// game runs a program that the owner's rules name while the node runs a program. A long one ends when
// the node has yielded.
func (d *disturber) game(ctx context.Context, node devnet.Node, length time.Duration, long bool) error {
	for aimed := time.Now(); time.Since(aimed) < aimPatience; {
		if runs(ctx, node) || !pause(ctx, glance) {
			break
		}
	}
	program, err := d.gameOf(node)
	if err != nil || ctx.Err() != nil {
		return err
	}
	// The length bounds the game even if this process is killed.
	game := exec.CommandContext(ctx, program, fmt.Sprint(int(longGame.Seconds())+1)) //nolint:gosec // a link that this run made
	end := d.done.begin(disturbGame, node.Operator, d.ledger.Height())
	if err := game.Start(); err != nil {
		return err
	}
	yields, begun := d.ledger.Yields(node.Operator), time.Now()
	for time.Since(begun) < length && pause(ctx, glance) {
		if long && d.ledger.Yields(node.Operator) > yields {
			break
		}
	}
	err = game.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	_ = game.Wait()
	end(d.ledger.Height() + gameBlocks)
	d.say("the owner of %s played for %.0f s, the node yielded %d tasks", node.Name, time.Since(begun).Seconds(), d.ledger.Yields(node.Operator)-yields)
	return err
}

// runs reports whether a node runs a program. It is false while the daemon does not answer.
func runs(ctx context.Context, node devnet.Node) bool {
	status, err := node.Status(ctx)
	return err == nil && status.Running > 0
}

// gameOf returns a program that the rules of a node's owner name.
func (d *disturber) gameOf(node devnet.Node) (string, error) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		return "", err
	}
	path := filepath.Join(d.dir, gameName(node.Name))
	if err := os.Symlink(sleep, path); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return path, nil
}

// gameName is the name of a node's game. It differs between runs on the same machine.
func gameName(node string) string { return fmt.Sprintf("soak-%s-%d", node, os.Getpid()) }
