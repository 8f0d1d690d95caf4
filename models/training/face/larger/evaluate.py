import sys,json,csv,pathlib,numpy as np,torch,torch.nn.functional as F,pickle
import facefolds
sys.modules['copies']=sys.modules.get('copies')
import types
p=types.ModuleType('pools'); sys.modules.setdefault('pools',p)
import nets
import warnings; warnings.filterwarnings('ignore'); torch.set_num_threads(1); torch.backends.mkldnn.enabled=True
import onnxruntime as ort, os
def graph(net,shape,parts=False):
    class Wrap(torch.nn.Module):
        def __init__(self): super().__init__(); self.net=net
        def forward(self,x):
            x=(x.permute(0,3,1,2).float()-127)/128
            if parts=='time':
                n=self.net; f=n.frame; cells=f.blocks(f.stem(x))
                pooled=torch.einsum('bcn,rn->brc',cells.flatten(2),f.shares)
                return (pooled*f.out.weight[:,:,0,0]).sum((1,2))+(f.out.bias*f.shares.sum(1)).sum(), n.squeeze(cells)
            if parts: return torch.stack(self.net.parts(x),1)
            return self.net.logit(x)
    p=os.environ['SEEN']+f'/x{os.getpid()}.onnx'
    torch.onnx.export(Wrap().eval(),(torch.zeros(2,*shape,dtype=torch.uint8),),p,opset_version=17,dynamo=False,input_names=['crop'],dynamic_axes={'crop':{0:'b'}})
    o=ort.SessionOptions(); o.intra_op_num_threads=1
    return ort.InferenceSession(p,o,providers=['CPUExecutionProvider'])
W=pathlib.Path(os.environ['WORK']); N=pathlib.Path(os.environ['SEEN'])/'nets'
rows=list(csv.DictReader(open(W/'pictures.csv'))); folds=facefolds.table()
def load(name,kind,f):
    st=torch.load(N/f'{name}{"-"+f if f else ""}.pt',weights_only=True)[kind]
    st={k:v.float() if v.is_floating_point() else v for k,v in st.items()}
    n={'n160':lambda:nets.Frame(),'n256':lambda:nets.Frame(256),'l2':lambda:nets.Frame(256,blocks=nets.BLOCKS2),'tight':lambda:nets.Frame(160,1.6),'heads':lambda:nets.Frame(heads=True),'student':lambda:nets.Frame(),'time':lambda:nets.Time(nets.Frame()),'time2':lambda:nets.Time(nets.Frame())}[kind]()
    n.load_state_dict(st,strict=False); return n.eval()
which=sys.argv[1]; versions=sys.argv[2].split(',')
names=which.split(',')
out={}
for name in names:
    k=None if name=='unswapped' else int(name[4:])
    test=[r for r in rows if r['kind']=='clip' and (r['pair'] if k is None else facefolds.fold_of(r,folds)==k)]
    S={x:graph(load(name,x,''),(256,256,3) if x in('n256','l2') else (160,160,3),x=='heads') for x in ('n160','n256','l2','tight','heads','student')}
    T_={x:load(name,x,x) for x in ('time','time2')}; TS={x:graph(T_[x],(160,160,3),'time') for x in T_}
    print(name,'exported',flush=True)
    with torch.inference_mode():
      for r in test:
        for v in versions:
            f=pathlib.Path(os.environ['SEEN']+'/frames')/f"{r['id']}-{v}.npz"
            if not f.is_file(): continue
            t=np.load(f); c=t['c256'][::2]; o={}
            if len(c)==0: continue
            s=F.interpolate(torch.from_numpy(c).permute(0,3,1,2).float(),size=(160,160),mode='bilinear',antialias=True,align_corners=False).permute(0,2,3,1).round().byte().numpy()
            run=lambda n,x:np.concatenate([S[n].run(None,{'crop':x[j:j+4]})[0] for j in range(0,len(x),4)])
            for n in S:
                y=c if n in('n256','l2') else np.ascontiguousarray(c[:,48:208,48:208]) if n=='tight' else s
                q=run(n,y)
                if n=='heads': o['heads_swap'],o['heads_whole']=q.mean(0).tolist(); q=np.logaddexp(q[:,0],q[:,1])
                o[n]=float(q.mean())
            facts=json.loads(str(t['facts'])); keep=[];known=set()
            for i,e in enumerate(facts):
                if e['s'] not in known: known.add(e['s']); keep.append(i)
            z=t['c160'][keep]
            o['n160@10']=float(run('n160',z).mean())
            ss=[facts[i]['s'] for i in keep]
            wins=[i for i in range(0,len(ss)-7,4) if ss[i+7]-ss[i]<0.95] or ([0] if len(ss)>=8 else [])
            for n,net in T_.items():
                got=[TS[n].run(None,{'crop':z[j:j+4]}) for j in range(0,len(z),4)]
                still=np.concatenate([g[0] for g in got]); sq=torch.from_numpy(np.concatenate([g[1] for g in got])); ch=[]
                for i in wins:
                    q=sq[None,i:i+8]; q=(q-q.mean(1,keepdim=True)).transpose(1,2)
                    h=F.relu(net.second(F.relu(net.first(q)))).mean(2).flatten(2)
                    h=torch.einsum('bcn,rn->brc',h,net.frame.shares*2).flatten(1)
                    ch.append(float(net.out(torch.log1p(h))[0,0]))
                o[n+'_still']=float(still.mean()); o[n+'_change']=float(np.mean(ch)) if ch else 0.0; o[n]=o[n+'_still']+o[n+'_change']
            out[(name,f"{r['id']}-{v}")]=o
        if len(out)%20==0: print(len(out),flush=True)
    pickle.dump(out,open(os.environ['SEEN']+f'/eval-{which}.pkl','wb')); print(name,len(out),flush=True)
