package earnings

import (
	"slices"
	"time"

	"github.com/thetaedge/theta/sidecar/store"
)

// Report is what a node has earned.
type Report struct {
	// Days are the newest days on which assignments ended, newest first, and Total is their sum.
	Days  []Row `json:"days"`
	Total Row   `json:"total"`
	// Jobs are the assignments that ended with a verdict and that the journal still has, newest first.
	Jobs []Row `json:"jobs"`
}

// Report values the newest days, at most mostDays of them, and the newest jobs of a journal, at most mostJobs.
func (v Valuation) Report(days []Day, mostDays int, records []store.Assignment, mostJobs int) Report {
	var total Day
	report := Report{Days: []Row{}, Jobs: []Row{}}
	for _, day := range days[:min(len(days), mostDays)] {
		report.Days = append(report.Days, v.Row(day))
		total.Merge(day)
	}
	report.Total = v.Row(total)
	for _, record := range latest(records, mostJobs) {
		report.Jobs = append(report.Jobs, v.job(&record))
	}
	return report
}

// job values one assignment.
func (v Valuation) job(record *store.Assignment) Row {
	var day Day
	day.Add(record)
	job := v.Row(day)
	job.JobID, job.Task, job.Round = record.JobID, record.Task, record.Round
	job.Outcome = record.Verdict.Status
	if !record.FinishedAt.IsZero() {
		job.Date = record.FinishedAt.Local().Format(time.DateTime)
	}
	return job
}

// latest returns the assignments that ended with a verdict, newest first.
func latest(records []store.Assignment, most int) []store.Assignment {
	ended := slices.DeleteFunc(slices.Clone(records), func(a store.Assignment) bool {
		return a.Phase != store.PhaseSettled || a.Verdict == nil
	})
	slices.SortStableFunc(ended, func(x, y store.Assignment) int { return y.FinishedAt.Compare(x.FinishedAt) })
	return ended[:min(len(ended), most)]
}
