package model

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/cpu"
)

// device is where a model may run.
type device struct {
	cuda    bool // a GPU; false: the processors
	ordinal int  // of the GPU
}

func (d device) String() string {
	if d.cuda {
		return fmt.Sprintf("cuda:%d", d.ordinal)
	}
	return "cpu"
}

// parseDevices reads Options.Device: "cpu", "cuda", "cuda:1", or several with
// commas between them, in the order in which to try them.
func parseDevices(s string) ([]device, error) {
	var list []device
	for _, name := range strings.Split(s, ",") {
		kind, number, numbered := strings.Cut(name, ":")
		d := device{cuda: kind == "cuda"}
		bad := !d.cuda && (kind != "cpu" && s != "" || numbered)
		if numbered && !bad {
			n, err := strconv.ParseUint(number, 10, 16)
			d.ordinal, bad = int(n), err != nil
		}
		if bad {
			return nil, badinput.New("", "device", fmt.Sprintf("%q", s), `"cpu", "cuda", "cuda:N", or some of them with commas between, as "cuda,cpu"`)
		}
		list = append(list, d)
	}
	return list, nil
}

// open packs weights on the device.
func (d device) open(ctx context.Context, w *backend.Weights, o backend.Options) (backend.Backend, error) {
	if d.cuda {
		return openCUDA(ctx, d.ordinal, w, o)
	}
	return cpu.New(ctx, w, o)
}

// estimate returns the Info that the backend of open would have.
func (d device) estimate(w *backend.Weights, o backend.Options) (backend.Info, error) {
	if d.cuda {
		return estimateCUDA(d.ordinal, w, o)
	}
	return cpu.Estimate(w, o), nil
}

// unusable says whether an error is the device's and not that of the weights
// or of the caller: another device might do.
func unusable(ctx context.Context, err error) bool {
	var bad *badinput.Error
	return ctx.Err() == nil && !errors.As(err, &bad)
}

// openDevices packs weights on the first of the devices that can be used. Where
// others are left, the backend goes on with them should its device get lost.
func openDevices(ctx context.Context, devices []device, w *backend.Weights, o backend.Options) (backend.Backend, error) {
	b, err := devices[0].open(ctx, w, o)
	rest := devices[1:]
	if len(rest) == 0 {
		return b, err
	}
	if err == nil {
		return newFallback(b, o.Log, func(ctx context.Context) (backend.Backend, error) {
			return openDevices(ctx, rest, w, o)
		}), nil
	}
	if !unusable(ctx, err) {
		return nil, err
	}
	o.Log("%v; going on with %s", err, rest[0])
	return openDevices(ctx, rest, w, o)
}

// estimateDevices returns the Info that the backend of openDevices would have.
func estimateDevices(devices []device, w *backend.Weights, o backend.Options) (backend.Info, error) {
	info, err := devices[0].estimate(w, o)
	if err == nil || len(devices) == 1 {
		return info, err
	}
	o.Log("%v; going on with %s", err, devices[1])
	return estimateDevices(devices[1:], w, o)
}
