package bench

import "fmt"

// epochs times blocks in which a new epoch starts.
func (w *world) epochs(n int, report *SizeReport) error {
	w.label = "epoch"
	var took []float64
	for range n {
		spent, err := w.rollTimed()
		if err != nil {
			return err
		}
		took = append(took, milliseconds(spent.wall))
	}
	report.EpochRollMS = newStat(took)
	return nil
}

// roll starts the next epoch.
func (w *world) roll() error {
	_, err := w.rollTimed()
	return err
}

// rollTimed runs and times a block in which the next epoch starts.
func (w *world) rollTimed() (cost, error) {
	before, err := w.epoch()
	if err != nil {
		return cost{}, err
	}
	w.skip(epochLength)
	_, spent, err := w.profiled(nil)
	if err != nil {
		return cost{}, err
	}
	after, err := w.epoch()
	if err != nil {
		return cost{}, err
	}
	if after != before+1 {
		return cost{}, fmt.Errorf("expected epoch %d after an hour, found %d", before+1, after)
	}
	return spent, nil
}

func (w *world) epoch() (uint64, error) {
	ctx, err := w.ctx()
	if err != nil {
		return 0, err
	}
	return w.app.EdgenodeKeeper.Epoch(ctx)
}
