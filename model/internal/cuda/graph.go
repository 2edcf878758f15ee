package cuda

import (
	"errors"

	driver "github.com/medner/medner/internal/cuda"
)

// graphs keeps what was captured of the latest shapes of steps.
type graphs struct {
	ctx     driver.Context
	stream  driver.Stream
	entries map[shape]*graph
	clock   int
	off     bool // the driver's binding has none
}

// graph is a captured step; exec is 0 until its shape is met again.
type graph struct {
	exec driver.Exec
	used int // clock
}

// maxGraphs is the number of graphs kept: each takes some device memory.
const maxGraphs = 64

// run makes the launches of a step: one by one when a shape is new, else as a
// graph.
func (g *graphs) run(sh shape, launch func() error) error {
	if g.off {
		return launch()
	}
	g.clock++
	e := g.entries[sh]
	if e == nil {
		if err := g.evict(); err != nil {
			return err
		}
		g.entries[sh] = &graph{used: g.clock}
		return launch()
	}
	e.used = g.clock
	if e.exec == 0 {
		exec, err := g.capture(launch)
		if errors.Is(err, driver.ErrNoGraphs) {
			g.off = true
			return launch()
		}
		if err != nil {
			return err
		}
		e.exec = exec
	}
	return g.ctx.LaunchGraph(e.exec, g.stream)
}

// capture makes a graph of launches.
func (g *graphs) capture(launch func() error) (driver.Exec, error) {
	if err := g.ctx.BeginCapture(g.stream); err != nil {
		return 0, err
	}
	failed := launch()
	captured, err := g.ctx.EndCapture(g.stream)
	if failed != nil {
		err = failed
	}
	var exec driver.Exec
	if err == nil {
		exec, err = g.ctx.Instantiate(captured)
	}
	if captured != 0 {
		err = errors.Join(err, g.ctx.DestroyGraph(captured))
	}
	return exec, err
}

// evict makes room for one more.
func (g *graphs) evict() error {
	if len(g.entries) < maxGraphs {
		return nil
	}
	var oldest shape
	least := g.clock
	for sh, e := range g.entries {
		if e.used < least {
			oldest, least = sh, e.used
		}
	}
	e := g.entries[oldest]
	delete(g.entries, oldest)
	if e.exec == 0 {
		return nil
	}
	return g.ctx.DestroyExec(e.exec)
}

// clear forgets all, as the addresses in them are no longer good.
func (g *graphs) clear() error {
	var errs []error
	for _, e := range g.entries {
		if e.exec != 0 {
			errs = append(errs, g.ctx.DestroyExec(e.exec))
		}
	}
	clear(g.entries)
	return errors.Join(errs...)
}
